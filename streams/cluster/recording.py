"""Recording a run: the logs that decided and the outputs that followed, off a cluster into files.

Rules: the end of every partition is taken first, logs before outputs were read, so what is recorded
is one moment at the latest; nothing is decoded, and identities are on none of these topics.
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from schemas.topics import (
    ALERTS,
    ALIASES,
    AREA_LOG,
    ASSESSMENTS,
    FEEDS,
    HELP_RETURNS,
    MODEL_SNAPSHOTS,
    PERSON_LOG,
    SERVICE_CLOCKS,
    SERVICE_LOG,
    TRAINING_EXAMPLES,
)
from streams.cluster.connect import Connection
from streams.cluster.raw import RawSource
from streams.cluster.reading import Extent, Reader, partitions_on, reader_of
from streams.log_files import (
    FORMAT,
    LogFile,
    LoggedRecord,
    LogWriter,
    Manifest,
    begin_recording,
    write_manifest,
)

RECORDED = tuple(
    topic.name
    for topic in (
        PERSON_LOG,
        AREA_LOG,
        SERVICE_LOG,
        TRAINING_EXAMPLES,
        MODEL_SNAPSHOTS,
        ALIASES,
        ALERTS,
        ASSESSMENTS,
        SERVICE_CLOCKS,
        HELP_RETURNS,
    )
)
Progress = Callable[[int, int], None]


async def record(
    connection: Connection,
    namespace: str,
    folder: Path,
    *,
    code: str,
    areas: str,
    config_sha256: str,
    progress: Progress | None = None,
) -> Manifest:
    """Record the topics of a namespace into a folder and return the manifest.

    `progress` is told how many records were written and how many there are at most. Raises
    ClusterError, OSError; a recording that was cut off has no manifest.
    """
    begin_recording(folder)
    raw = await partitions_on(connection, namespace, [topic.name for topic in FEEDS.values()])
    sources = tuple(
        RawSource(feed, partition).name
        for feed, topic in FEEDS.items()
        for partition in range(raw[topic.name])
    )
    async with reader_of(connection, namespace, RECORDED) as reader:
        extents = await reader.extents()
        files = await _written(reader, extents, folder, progress)
    manifest = Manifest(FORMAT, namespace, code, areas, config_sha256, sources, files)
    write_manifest(folder, manifest)
    return manifest


async def _written(
    reader: Reader, extents: list[Extent], folder: Path, progress: Progress | None
) -> tuple[LogFile, ...]:
    expected = sum(one.end - one.first for one in extents)
    written = 0
    with ExitStack() as stack:
        writers = {}
        for one in extents:
            writer = LogWriter(folder, one.topic, one.partition)
            stack.callback(writer.close)
            writers[one.topic, one.partition] = writer
        async for chunk in reader.to_end(extents):
            write = writers[chunk[0].topic, chunk[0].partition].write
            for kept in chunk:
                write(LoggedRecord(kept.offset, kept.key, kept.value))
            written += len(chunk)
            if progress is not None:
                progress(written, expected)
        return tuple(
            writers[one.topic, one.partition].finish(one.first, one.end) for one in extents
        )
