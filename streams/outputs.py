"""What a step says: records for the outside, records for other stages, and counts by name.

Rules: a step appends here and writes nowhere; the runner takes it from here, in this order, before
any state is made durable.
"""

from collections import Counter

from schemas.outcomes import Alert, Assessment, ModelSnapshot, ServiceClock, TrainingExample
from schemas.records import Activation, HistoryArrival, PersonSignal, Transition

PersonOutput = PersonSignal | Transition | HistoryArrival | Activation


class Outputs:
    """Collects what one or more steps say.

    `counts` are by a dotted name, without persons; `daily` are changes of the number of incidents
    by county, kind code and local day ordinal.
    """

    __slots__ = (
        "alerts",
        "assessments",
        "clocks",
        "counts",
        "daily",
        "examples",
        "person_records",
        "returned",
        "snapshots",
    )

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.assessments: list[Assessment] = []
        self.examples: list[TrainingExample] = []
        self.person_records: list[PersonOutput] = []
        self.clocks: list[ServiceClock] = []
        self.returned: list[ServiceClock] = []
        self.snapshots: list[ModelSnapshot] = []
        self.counts: Counter[str] = Counter()
        self.daily: Counter[tuple[str, int, int]] = Counter()
