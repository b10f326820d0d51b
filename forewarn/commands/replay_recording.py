"""`forewarn replay --log`: a recorded run through the stages again, and held against itself.

Rules: a recording is replayed with the configuration and areas it was made with, or not at all.
"""

from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from forewarn.asking import stopped
from forewarn.configuration import ConfigurationError, digest_of, read_configuration
from forewarn.version import CODE_VERSION
from schemas.areas import Directory
from streams.feeds.mapping_reasons import FeedFileError
from streams.feeds.mapping_shipped import load_areas
from streams.log_files import Manifest, RecordingError, read_manifest
from streams.log_outputs import Compared, LogOutputs
from streams.pipeline import PipelineConfig
from streams.replay_log import replay_log


def replay_recording(
    log: Path, out: Path, config: Path | None, areas: str | None, *, verify: bool
) -> None:
    """Replay a recording into a folder; with `verify`, exit 1 where it says other things."""
    try:
        used = read_configuration(config)
        directory = load_areas(areas) if areas else Directory()
        manifest = read_manifest(log)
        _check(manifest, used, directory)
        with LogOutputs(out) as outputs:
            summary = _run(log, manifest, used, directory, outputs)
            compared = outputs.compare(log, manifest) if verify else []
    except (ConfigurationError, FeedFileError, RecordingError, OSError, ValueError) as error:
        raise stopped(str(error)) from error
    for name, count in summary["written"].items():
        typer.echo(f"{name}: {count:,}")
    typer.echo(f"state: {sum(one['keys'] for one in summary['state']):,} keys")
    for one in compared:
        typer.echo(_said(one))
    if any(one.only_replayed for one in compared):
        typer.echo(
            "What is only replayed had not been said yet when the run was recorded, or is lost."
        )
    if not all(one.equal for one in compared):
        raise typer.Exit(1)


def _check(manifest: Manifest, config: PipelineConfig, directory: Directory) -> None:
    if manifest.config_sha256 != digest_of(config):
        raise RecordingError(
            "the recording was made with another configuration "
            f"({manifest.config_sha256[:12]}); give it with --config"
        )
    if manifest.areas != directory.version:
        raise RecordingError(
            f"the recording was made with areas {manifest.areas!r}, these are "
            f"{directory.version!r}; give them with --areas"
        )


def _run(
    log: Path,
    manifest: Manifest,
    config: PipelineConfig,
    directory: Directory,
    outputs: LogOutputs,
) -> dict[str, Any]:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("replaying", total=None)
        states = replay_log(
            log,
            manifest,
            config,
            directory,
            outputs.take,
            lambda number: progress.update(task, completed=number),
        )
    about = {
        "code": CODE_VERSION,
        "recorded_by": manifest.code,
        "config_sha256": manifest.config_sha256,
        "areas": manifest.areas,
        "time_zone": directory.time_zone,
    }
    return outputs.finish(states, about)


def _said(one: Compared) -> str:
    if one.equal:
        return f"{one.topic}: {one.same:,} compared, 0 differ"
    return (
        f"{one.topic}: {one.same:,} the same, {one.differing:,} differ, "
        f"{one.only_recorded:,} only recorded, {one.only_replayed:,} only replayed; "
        f"such as {', '.join(one.examples)}"
    )
