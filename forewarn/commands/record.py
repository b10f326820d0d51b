"""`forewarn record`: save the logs and outputs of a run, so that it can be run again elsewhere."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from forewarn.asking import NamespaceOption, ask, stopped
from forewarn.configuration import ConfigurationError, digest_of, read_configuration
from forewarn.version import CODE_VERSION
from schemas.areas import Directory
from streams.cluster.recording import record as record_topics
from streams.feeds.mapping_reasons import FeedFileError
from streams.feeds.mapping_shipped import load_areas


def record(
    out: Annotated[Path, typer.Option(help="Folder for the recording; made if missing.")],
    namespace: NamespaceOption = None,
    config: Annotated[
        Path | None, typer.Option(help="The TOML file that the workers ran with.")
    ] = None,
    areas: Annotated[
        str | None, typer.Option(help="The area directory that the workers ran with.")
    ] = None,
) -> None:
    """Save the logs that decided and the outputs that followed, partition by partition.

    Let the workers come to rest first. No identity is on what is saved; the pseudonyms are.
    Run it again with: forewarn replay --log DIR --out RESULTS --verify
    """
    try:
        digest = digest_of(read_configuration(config))
        directory = load_areas(areas) if areas else Directory()
    except (ConfigurationError, FeedFileError, OSError, ValueError) as error:
        raise stopped(str(error)) from error
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("recording", total=None)
        try:
            manifest = ask(
                lambda cluster, space: record_topics(
                    cluster,
                    space,
                    out,
                    code=CODE_VERSION,
                    areas=directory.version,
                    config_sha256=digest,
                    progress=lambda done, of: progress.update(task, completed=done, total=of),
                ),
                namespace,
            )
        except OSError as error:
            raise stopped(str(error)) from error
    for topic in dict.fromkeys(one.topic for one in manifest.files):
        files = manifest.partitions(topic)
        records = sum(one.records for one in files)
        typer.echo(f"{topic}: {records:,} records of {len(files)} partitions")
