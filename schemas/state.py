"""What the stages remember, as it is stored and as it travels on changelogs.

Rules: every list here has a bound in the settings of the stage that owns it; times are microseconds
since the epoch; codes are positions in `schemas.taxonomy`. A history is an ordered set by event
time, so the order of arrival does not change its final value.
"""

from datetime import datetime
from enum import IntEnum

from schemas.closed import Packed


class HelpState(IntEnum):
    """How a request for help in a history stands."""

    NONE = 0
    OPEN = 1
    ANSWERED = 2
    OVERDUE = 3


class PastSignal(Packed):
    """One report in a person's history; `signal` is the signal id as 16 bytes."""

    time_us: int
    signal: bytes
    kind: int
    purpose: int
    origin: int
    channel: int
    severity: int
    signs: int
    help: int = 0


class Incident(Packed):
    """Near-duplicate reports of one matter, merged: same kind, within minutes of the first."""

    time_us: int
    signal: bytes
    kind: int
    purpose: int
    origin: int
    severity: int
    signs: int
    reports: int
    channels: int
    help: int


class Pending(Packed):
    """A prediction that waits for its label.

    `values` are little-endian float32 in the order of the feature set; `harm` is the weight of the
    severe harm seen so far within the horizon, 0 where none was; `by_officer` says that an officer
    found it.
    """

    predicted_us: int
    signal: bytes
    values: bytes
    probability: float
    model_version: str
    harm: float = 0.0
    by_officer: bool = False


class Episode(Packed):
    """One run of danger of one kind; open while somebody should act on it.

    `late` holds evidence too old for the history; `rechecks` counts the re-checks that fell due.
    """

    kind: int
    alert_id: str
    revision: int
    level: int
    opened_us: int
    updated_us: int
    area: str
    reasons: list[str]
    open: bool = True
    rechecks: int = 0
    late: list[PastSignal] = []
    surge_day: int = 0


class Seen(Packed):
    """The id of a signal that left or never entered a history, kept to find its repetition."""

    until_us: int
    signal: bytes


class PersonHistory(Packed):
    """All that is remembered about one person at risk, bounded in time and number.

    `safe_hours` and `never_inform` are how the person can be reached; `moved_to` is the key this
    history has moved to, after which signals are passed on to it.
    """

    signals: list[PastSignal] = []
    pending: list[Pending] = []
    episodes: list[Episode] = []
    seen: list[Seen] = []
    area: str = ""
    safe_hours: str | None = None
    never_inform: bool = False
    moved_to: str = ""
    dropped: int = 0
    due_us: int = 0


class Risen(Packed):
    """A day's count that detectors have confirmed as a surge, with what they said of it."""

    day: int
    count: int
    expected: float
    limit: float
    detectors: tuple[str, ...]


class AreaSeries(Packed):
    """Daily counts of one kind in one area; `counts` ends with day ordinal `day`.

    `memory` is what each detector remembers of all days up to and with `learned_day`. `to_judge`
    are the days to be judged when time next passes, `risen` those that were confirmed.
    """

    day: int
    counts: list[int]
    learned_day: int
    memory: dict[str, list[float]]
    episode: Episode | None = None
    to_judge: list[int] = []
    risen: list[Risen] = []


class CellDay(Packed):
    """What one cell has seen of local day ordinal `day`, to find repetitions.

    `seen` are 8-byte hashes of signal ids; `places` maps place and kind to sorted event times.
    """

    day: int
    seen: set[int] = set()
    places: dict[str, list[int]] = {}


class AreaCell(Packed):
    """The days of one lowest-level area that can still receive late signals.

    `incidents` are the ids of incidents without a person that were judged not long ago; `since` is
    the first day on which anything was counted here (used of counties).
    """

    days: list[CellDay] = []
    incidents: list[Seen] = []
    since: int = 0


class OpenClock(Packed):
    """A service clock that is running or was ended not long ago (then `ended`).

    Its times are aware UTC, as they are told, not microseconds: a clock is told more than reckoned.
    """

    purpose: int
    kind: int
    area: str
    opened: datetime
    due: datetime
    return_address: bytes | None
    ended: bool = False


class LearnerState(Packed):
    """What the learner remembers beside its model: `body` is the JSON of the model.

    `recent` are its latest predictions with what then happened, from which it judges itself.
    """

    epoch: int
    body: bytes
    recent: list[tuple[float, bool]] = []


class ClockReading(Packed):
    """How far each source has come, with the first tick of any and the stage's own time."""

    latest: dict[str, int] = {}
    first_us: int = 0
    now_us: int = 0


class StageProgress(Packed):
    """How far one partition of a stage has come, kept with its state and changed with it.

    `next_offset` is the first record of its log that is not yet durable; `activation` is the JSON
    of the activation in force, empty where there is none.
    """

    next_offset: int
    clock: ClockReading
    activation: bytes = b""
