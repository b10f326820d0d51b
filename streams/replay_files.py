"""The files of a replay: what was said, as JSON lines, and a summary that can be compared.

Rules: files are written under a temporary name and get their own when whole, so a run that was cut
off leaves nothing that looks complete. The same run writes the same bytes: no wall-clock time, no
machine, no path is in them.
"""

from collections import Counter
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from schemas.outcomes import Alert, Assessment, Change, DeadLetter, ServiceClock, VaultRecord
from schemas.taxonomy import Kind, members_of
from schemas.times import from_us
from streams.pipeline import Pipeline
from streams.replay import Span

NAMES = ("alerts", "assessments", "dead-letters", "service-clocks", "daily-counts")
SUMMARY = "summary.json"
_FORMAT = 1


class OutputLines:
    """One output file: JSON lines, with the digest of what was written."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.jsonl"
        self._partial = folder / f".{name}.jsonl.partial"
        self._file = self._partial.open("wb", buffering=1 << 20)
        self._encode = msgspec.json.Encoder().encode
        self._digest = sha256()
        self.count = 0

    def write(self, record: object) -> None:
        """Append one record."""
        line = self._encode(record) + b"\n"
        self._file.write(line)
        self._digest.update(line)
        self.count += 1

    def finish(self, *, whole: bool) -> str:
        """Close the file; give it its name when whole, else remove it. Return the digest."""
        self._file.close()
        if whole:
            self._partial.replace(self.path)
        else:
            self._partial.unlink(missing_ok=True)
        return self._digest.hexdigest()


class WholeFiles:
    """Output files that are all there when finished, and none of them otherwise."""

    _lines: dict[str, OutputLines]
    _digests: dict[str, str]

    def __enter__(self) -> Self:
        """Begin; the files are open already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what is not whole."""
        if not self._digests:
            for lines in self._lines.values():
                lines.finish(whole=False)


class ReplayFiles(WholeFiles):
    """A sink into a folder; a context manager that leaves whole files or none."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.tally: Counter[str] = Counter()
        self._lines = {name: OutputLines(folder, name) for name in NAMES}
        self._digests: dict[str, str] = {}

    def alert(self, alert: Alert) -> None:
        """Write one revision of an alert."""
        self._lines["alerts"].write(alert)
        self.tally[f"alerts.revisions.{alert.change.value}"] += 1
        if alert.change is Change.OPENED:
            self.tally[f"alerts.opened.{alert.scope.value}.{alert.level.value}"] += 1

    def assessment(self, assessment: Assessment) -> None:
        """Write one assessment."""
        self._lines["assessments"].write(assessment)
        self.tally[f"assessments.{assessment.scope.value}.{assessment.decision}"] += 1

    def service_clock(self, clock: ServiceClock) -> None:
        """Write one state of a service clock."""
        self._lines["service-clocks"].write(clock)
        self.tally[f"service_clocks.{clock.state.value}.{clock.purpose.value}"] += 1

    def dead_letter(self, letter: DeadLetter) -> None:
        """Write one dead letter, its body sealed."""
        self._lines["dead-letters"].write(letter)
        self.tally[f"dead_letters.{letter.reason}"] += 1

    def vault_record(self, record: VaultRecord) -> None:
        """Count one vault record; a replay gives identities to nobody."""
        self.tally["vault_records"] += bool(record.sealed)

    def finish(self, pipeline: Pipeline, span: Span, about: dict[str, str]) -> dict[str, Any]:
        """Write daily counts and the summary, give all files their names, return the summary."""
        kinds = members_of(Kind)
        for (county, code, day), count in sorted(pipeline.daily.items()):
            self._lines["daily-counts"].write(
                {"area": county, "kind": kinds[code].value, "day": day, "incidents": count}
            )
        self._digests = {
            name: lines.finish(whole=True) for name, lines in sorted(self._lines.items())
        }
        summary = self._summary(pipeline, span, about)
        encoded = msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n"
        partial = self.folder / f".{SUMMARY}.partial"
        partial.write_bytes(encoded)
        partial.replace(self.folder / SUMMARY)
        return summary

    def _summary(self, pipeline: Pipeline, span: Span, about: dict[str, str]) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "about": about,
            "records": span.records,
            "first_ingesttime": from_us(span.first_us).isoformat() if span.first_us else None,
            "last_ingesttime": from_us(span.last_us).isoformat() if span.last_us else None,
            "written": {name: lines.count for name, lines in sorted(self._lines.items())},
            "tally": dict(sorted(self.tally.items())),
            "counts": dict(sorted(pipeline.counts.items())),
            "state": {
                "persons": len(pipeline.person.state),
                "cells": len(pipeline.area.cells),
                "series": len(pipeline.area.series),
                "service_clocks": len(pipeline.service.state),
            },
            "model": pipeline.person.judge.model.version if pipeline.person.judge.model else None,
            "sha256": self._digests,
        }
