"""The verdict on a run: what was lost, what was said twice, and whether the state is right.

Rules: everything is read back from the topics once all has come to rest. The recorded logs are
replayed and must give the alerts on the topic and the state on the changelogs, to the byte. What
only tells is kept apart from what must be nought.
"""

import asyncio
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from alerts.vault.keyring import Keyring
from forewarn.version import CODE_VERSION
from schemas.codec import decoder_of, encode
from schemas.outcomes import Alert
from schemas.topics import ALERTS, ASSESSMENTS, SERVICE_CLOCKS, TRAINING_EXAMPLES
from streams.cluster.reading import read_to_end
from streams.cluster.recording import record
from streams.log_files import Manifest
from streams.log_outputs import Compared, LogOutputs, id_of
from streams.pipeline import Pipeline, PipelineConfig
from streams.replay import run as replay_lines
from streams.replay_log import outputs_of
from tests.faults.cluster import Cluster
from tests.faults.expected import TRACED, Expected, Trace, trace_on
from tests.faults.final_state import differences, durable_states, replayed_states
from tests.faults.towns import Feed
from tests.streams.intake.contacts import Kept


class Verdict(NamedTuple):
    """`must_be_zero` and `told` by name, in the order of the table; `examples` of what is wrong."""

    must_be_zero: dict[str, int]
    told: dict[str, int | str]
    examples: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether all is nought that must be."""
        return not any(self.must_be_zero.values())

    def table(self) -> str:
        """The verdict as lines of text."""
        lines = [f"  {name:<52}{number:>12,}" for name, number in self.must_be_zero.items()]
        lines += ["  " + "-" * 64]
        lines += [
            f"  {name:<52}{said if isinstance(said, str) else format(said, ','):>12}"
            for name, said in self.told.items()
        ]
        lines += [f"  such as: {example}" for example in self.examples]
        return "\n".join([*lines, f"  {'good' if self.good else 'BAD'}"])


def verdict_on(
    cluster: Cluster, feed: Feed, expected: Expected, keyring: Keyring, folder: Path
) -> Verdict:
    """Read everything back and judge; `folder` takes the recording and the replay of it."""
    config = PipelineConfig()
    manifest = asyncio.run(_recorded(cluster, feed, folder / "log"))
    with LogOutputs(folder / "replayed") as outputs:
        replayed = replayed_states(folder / "log", manifest, feed, config, outputs)
        compared = {one.topic: one for one in outputs.compare(folder / "log", manifest)}
    durable = asyncio.run(durable_states(cluster))
    state = differences(durable, replayed)
    traces = asyncio.run(_traces(cluster))
    lost = sum(any(one not in traces for one in of_line) for of_line in expected.of_line)
    alerts = _alerts(manifest, folder / "log")
    ends = {(one.topic, one.partition): one.end for one in manifest.files}
    behind = sum(durable[place].next_offset != ends[place] for place in durable)
    must = {
        "events lost": lost,
        "alerts lost": compared[ALERTS.name].only_replayed,
        "duplicate alerts: same revision, other bytes": compared[ALERTS.name].differing,
        "duplicate alerts: not in the replay": compared[ALERTS.name].only_recorded,
        "duplicate alerts: two open for one matter": _open_twice(alerts),
        "assessments lost or contradicted": _wrong(compared[ASSESSMENTS.name]),
        "service clocks lost or contradicted": _wrong(compared[SERVICE_CLOCKS.name]),
        "training examples lost or contradicted": _wrong(compared[TRAINING_EXAMPLES.name]),
        "keys of final state unlike the replay's": state.differing,
        "partitions whose state is not at the end of its log": behind,
    }
    distinct = {id_of(one) for one in alerts}
    told: dict[str, int | str] = {
        "events": len(expected.of_line),
        "  of them dead letters": expected.counts()["dead letter"],
        "traces on the topics twice or more": sum(n > 1 for n in traces.values()),
        "alerts (revisions)": len(distinct),
        "alerts delivered again, same bytes": len(alerts) - len(distinct),
        "assessments": compared[ASSESSMENTS.name].same,
        "service clocks": compared[SERVICE_CLOCKS.name].same,
        "training examples": compared[TRAINING_EXAMPLES.name].same,
        "keys of final state": state.keys,
        "greatest generation of an owner": max(one.generation for one in durable.values()),
        "values that a former owner wrote over": sum(one.wrong for one in durable.values()),
        **_beside_the_feed(alerts, feed, keyring, config),
    }
    wrong = [one.examples for one in compared.values() if not one.equal]
    examples = [*state.examples, *(text for some in wrong for text in some)]
    return Verdict(must, told, tuple(examples[:12]))


async def _recorded(cluster: Cluster, feed: Feed, folder: Path) -> Manifest:
    return await record(
        cluster.connection,
        cluster.namespace,
        folder,
        code=CODE_VERSION,
        areas=feed.directory.version,
        config_sha256="",
    )


async def _traces(cluster: Cluster) -> Counter[Trace]:
    found: Counter[Trace] = Counter()
    async for chunk in read_to_end(cluster.connection, cluster.namespace, TRACED):
        for kept in chunk:
            trace = trace_on(kept.topic, kept.value or b"")
            if trace is not None:
                found[trace] += 1
    return found


def _alerts(manifest: Manifest, folder: Path) -> list[Alert]:
    decode = decoder_of(ALERTS.name)
    return [decode(value) for value in outputs_of(manifest, folder, ALERTS.name)]


def _open_twice(alerts: list[Alert]) -> int:
    """How many matters (scope, subject, kind) end with more than one open alert."""
    last: dict[str, Alert] = {}
    for alert in alerts:
        if alert.alert_id not in last or last[alert.alert_id].revision <= alert.revision:
            last[alert.alert_id] = alert
    open_ones: dict[tuple[str, str, str], int] = defaultdict(int)
    for alert in last.values():
        if alert.open:
            open_ones[alert.scope, alert.subject, alert.kind] += 1
    return sum(number > 1 for number in open_ones.values())


def _wrong(compared: Compared) -> int:
    return compared.differing + compared.only_recorded + compared.only_replayed


def _beside_the_feed(
    alerts: list[Alert], feed: Feed, keyring: Keyring, config: PipelineConfig
) -> dict[str, int | str]:
    """How the alerts compare with a plain replay of the feed, for information."""
    sink = Kept()
    pipeline = Pipeline(
        config,
        directory=feed.directory,
        keyring=keyring,
        sink=sink,
        code_version=CODE_VERSION,
    )
    replay_lines(pipeline, iter(feed.lines))
    plain = {id_of(one): encode(one) for one in sink.alerts}
    here = {id_of(one): encode(one) for one in alerts}
    both = plain.keys() & here.keys()
    opened = {one.split()[0] for one in plain} ^ {one.split()[0] for one in here}
    return {
        "beside a replay of the feed: revisions equal": sum(plain[i] == here[i] for i in both),
        "beside a replay of the feed: revisions different": sum(plain[i] != here[i] for i in both),
        "beside a replay of the feed: only here / only there": (
            f"{len(here.keys() - both)} / {len(plain.keys() - both)}"
        ),
        "beside a replay of the feed: alerts of one side only": len(opened),
    }
