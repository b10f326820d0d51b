"""The final state of every partition: as it stands on the changelogs, and as the logs make it.

Rules: a changelog is read as a new owner would, greatest stamps first; recorded logs are stepped
through from nothing. Both give versioned bytes by section and key, and are compared as bytes.
"""

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from schemas.codec import CodecError, decoder_of
from schemas.topics import (
    AREA_LOG,
    CHANGELOGS,
    PERSON_LOG,
    SERVICE_LOG,
    TRAINING_EXAMPLES,
    Part,
    Topic,
)
from schemas.versioned import STAGE_PROGRESS
from streams.clock import idle_us_in
from streams.cluster.reading import read_to_end
from streams.log_files import LogFile, Manifest, read_log
from streams.log_outputs import LogOutputs
from streams.outputs import Outputs
from streams.pipeline import PipelineConfig
from streams.replay_log import _SEATS, Parts, Sections, _models
from streams.worker.frames import body_of
from streams.worker.seats import CELLS, CLOCKS, LEARNER, LEARNER_KEY, PERSONS, SERIES
from streams.worker.state import PROGRESS_KEY
from streams.worker.stores import MemoryStore
from streams.worker.table import Recovered
from tests.faults.cluster import Cluster
from tests.faults.towns import Feed

Place = tuple[str, int]
STAGE_LOGS: dict[Part, Topic] = {
    Part.PERSON: PERSON_LOG,
    Part.AREA: AREA_LOG,
    Part.SERVICE: SERVICE_LOG,
    Part.LEARNER: TRAINING_EXAMPLES,
}
_SECTIONS = {
    PERSONS: "persons",
    CELLS: "cells",
    SERIES: "series",
    CLOCKS: "clocks",
    LEARNER: "learner",
}


class Durable(NamedTuple):
    """One partition as its changelog has it; `wrong` keys do not end with what holds."""

    sections: Sections
    next_offset: int
    generation: int
    wrong: int


async def durable_states(cluster: Cluster) -> dict[Place, Durable]:
    """The state of every partition, by its log, read back from the changelogs."""
    part_of = {topic.name: part for part, topic in CHANGELOGS.items()}
    kept: dict[Place, Recovered] = defaultdict(lambda: Recovered(MemoryStore()))
    async for chunk in read_to_end(cluster.connection, cluster.namespace, part_of):
        log = STAGE_LOGS[part_of[chunk[0].topic]]
        kept[log.name, chunk[0].partition].apply(chunk)
    return {place: _durable(one) for place, one in kept.items()}


def _durable(kept: Recovered) -> Durable:
    sections: Sections = {}
    for mark, name in _SECTIONS.items():
        for key in kept.store.keys(mark):
            body = body_of(kept.store.get(key) or b"")
            plain = "" if mark == LEARNER and key[1:] == LEARNER_KEY.encode() else key[1:].decode()
            if body:
                sections.setdefault(name, {})[plain] = body
    frame = kept.store.get(PROGRESS_KEY)
    progress = STAGE_PROGRESS.decode(body_of(frame)) if frame else None
    reached = progress.next_offset if progress else 0
    return Durable(sections, reached, kept.generation, len(kept.wrong))


def replayed_states(
    folder: Path, manifest: Manifest, feed: Feed, config: PipelineConfig, outputs: LogOutputs
) -> dict[Place, Sections]:
    """The state of every partition after its recorded log; `outputs` takes what was said."""
    names = [log.name for log in STAGE_LOGS.values()]
    parts = Parts(
        config,
        feed.directory,
        manifest.sources,
        _models(folder, manifest),
        {name: len(manifest.partitions(name)) for name in names},
        idle_us_in(manifest.namespace),
    )
    logs = [log for name in names for log in manifest.partitions(name) if log.records]
    return {(log.topic, log.partition): _replayed(folder, log, parts, outputs) for log in logs}


def _replayed(folder: Path, log: LogFile, parts: Parts, outputs: LogOutputs) -> Sections:
    seat = _SEATS[log.topic](log.partition, parts)
    decode = decoder_of(log.topic)
    out = Outputs()
    for record in read_log(folder, log):
        try:
            read = decode(record.value or b"")
        except CodecError:
            continue
        if seat.belongs(read):
            seat.step(read, out)
            outputs.take(out)
    return {name: values for name, values in seat.sections().items() if values}


class Differences(NamedTuple):
    """Keys compared, and those that differ or that one side alone has; some are named."""

    keys: int
    differing: int
    examples: tuple[str, ...]


def differences(durable: dict[Place, Durable], replayed: dict[Place, Sections]) -> Differences:
    """Compare every key of every partition, byte by byte."""
    keys = 0
    wrong: list[str] = []
    for place in sorted(durable.keys() | replayed.keys()):
        here = durable[place].sections if place in durable else {}
        there = replayed.get(place, {})
        for section in sorted(here.keys() | there.keys()):
            one, other = here.get(section, {}), there.get(section, {})
            both = one.keys() | other.keys()
            keys += len(both)
            wrong += [
                f"{place[0]}/{place[1]} {section} {key}"
                for key in sorted(both)
                if one.get(key) != other.get(key)
            ]
    return Differences(keys, len(wrong), tuple(wrong[:5]))
