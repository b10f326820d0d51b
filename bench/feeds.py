"""The feeds that are measured: simulated once a run, kept as files in the run's own folder.

Rules: what a measurement takes in is in memory and in order before its clock starts. The keys are
made up, so pseudonyms cost what they cost in earnest and are worth nothing.
"""

from hashlib import sha256
from pathlib import Path

import msgspec

from alerts.vault.keyring import new_keyring
from schemas.areas import Directory
from schemas.outcomes import Alert, Assessment, DeadLetter, ServiceClock, VaultRecord
from streams.feeds.town import simulate
from streams.feeds.town_config import TownConfig
from streams.feeds.town_map import build_map
from streams.pipeline import Pipeline, PipelineConfig, Sink
from streams.replay_order import Line, ordered

CODE_VERSION = "bench"
UNTIL_US = 2**62
_encoder = msgspec.json.Encoder()


class Nowhere:
    """A sink that keeps nothing: what is measured is what comes before it."""

    def alert(self, alert: Alert) -> None:
        """Drop an alert."""

    def assessment(self, assessment: Assessment) -> None:
        """Drop an assessment."""

    def service_clock(self, clock: ServiceClock) -> None:
        """Drop a service clock."""

    def dead_letter(self, letter: DeadLetter) -> None:
        """Drop a dead letter."""

    def vault_record(self, record: VaultRecord) -> None:
        """Drop a vault record."""


def directory() -> Directory:
    """Return the area directory of every synthetic town."""
    return build_map().directory


def pipeline(sink: Sink | None = None) -> Pipeline:
    """Return a fresh pipeline with the defaults of the product."""
    one, two, three, four = (bytes([number]) * 32 for number in range(1, 5))
    return Pipeline(
        PipelineConfig(),
        directory=directory(),
        keyring=new_keyring((one, two, three, four)),
        sink=sink or Nowhere(),
        code_version=CODE_VERSION,
    )


def feed_file(folder: Path, config: TownConfig) -> Path:
    """Return the file of a town's events, simulated when first asked for."""
    named = sha256(msgspec.json.encode(config)).hexdigest()[:16]
    path = folder / f"{named}.jsonl"
    if not path.exists():
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            for batch in simulate(config).event_batches():
                file.write(_encoder.encode_lines(batch))
        partial.replace(path)
    return path


def lines_of(folder: Path, config: TownConfig, most: int | None = None) -> list[Line]:
    """Return a town's events (the first `most`) as lines in order, in memory."""
    with feed_file(folder, config).open("rb") as file:
        lines = list(ordered(file, UNTIL_US))
    return lines[:most]
