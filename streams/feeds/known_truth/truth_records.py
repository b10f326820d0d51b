"""The records of the truth file: what each line may say.

Rules: `record` tells them apart. No detector may read them; groups and hidden states are nowhere
else. Times are in the town's zone.
"""

from datetime import date, datetime

from schemas.closed import Closed
from schemas.taxonomy import Sign
from streams.feeds.town_truth import CopyRecord, StateRecord


class TownRecord(Closed, frozen=True, tag_field="record", tag="known_town"):
    """The first line: how the town was made; `events` counts deliveries, copies among them.

    `parameters_sha256` is of the frozen file, `parameters` what this town was really made with.
    """

    format: int
    synthetic: bool
    seed: int
    parameters_sha256: str
    parameters: dict[str, object]
    map_version: str
    time_zone: str
    drift: date
    hazard_step: float
    events: int


class MatterRecord(Closed, frozen=True):
    """One true matter; `happened` is false where help kept it from happening.

    `telling` is untold, reported or discovered; `event` is the id of the event, None where there is
    none, also where a silent source swallowed it. `signs` are those that were there. `harm` and
    `descends` are numbers of this person's harms: the one it is, and the one it descends from.
    """

    time: datetime
    severity: int
    happened: bool
    telling: str
    signs: tuple[Sign, ...]
    event: str | None = None
    harm: int | None = None
    descends: int | None = None


class HarmRecord(Closed, frozen=True):
    """One severe harm of the untreated world; `happened` says whether it is in the events' world.

    The untreated potential outcome is all of them, the true harm those that `happened`.
    """

    time: datetime
    severity: int
    happened: bool


class AlertRecord(Closed, frozen=True):
    """One alert of the rule inside, and when its help works."""

    time: datetime
    identifier: str
    helps_from: datetime
    helps_until: datetime


class HazardRecord(Closed, frozen=True):
    """The untreated hazard of severe harm, per day: exp(hazard_step x steps[i]) from days[i] on.

    Days count from 0; each value is of noon and holds until the next day named.
    """

    days: tuple[int, ...]
    steps: tuple[int, ...]


class PersonRecord(Closed, frozen=True, tag_field="record", tag="person"):
    """One person: all that is hidden. `rate` is mu, matters a year; `triggers` are (from, to)."""

    number: int
    group: str
    rate: float
    identifiers: tuple[str, ...]
    states: tuple[StateRecord, ...]
    triggers: tuple[tuple[datetime, datetime], ...]
    matters: tuple[MatterRecord, ...]
    harms: tuple[HarmRecord, ...]
    alerts: tuple[AlertRecord, ...]
    hazard: HazardRecord


class SurgeRecord(Closed, frozen=True, tag_field="record", tag="surge"):
    """One injected surge: `daily` events were added from `first_day` on; `usual` is a day's mean.

    `events` are the ids of those that no silent source swallowed.
    """

    kind: str
    place: str
    level: str
    shape: str
    first_day: date
    daily: tuple[int, ...]
    k: float
    usual: float
    events: tuple[str, ...]


class SilenceRecord(Closed, frozen=True, tag_field="record", tag="silence"):
    """A source (CloudEvents) that said nothing of what happened in this span."""

    source: str
    since: datetime
    until: datetime


class NothingRecord(Closed, frozen=True, tag_field="record", tag="nothing"):
    """A report by a visitor of a matter that was none."""

    event: str


TruthRecord = TownRecord | PersonRecord | SurgeRecord | SilenceRecord | CopyRecord | NothingRecord
