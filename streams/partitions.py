"""Which partition a record goes to: one rule a log, the same for everybody who writes to it.

Rules: keys that are hex of a keyed hash are spread by their first 32 bits, which is as even as any
hash of them and costs a tenth; counties go by the directory's table. No writer may use a client's
own partitioner on these topics: a record in another partition would find no state.
"""

from schemas.areas import Directory
from schemas.records import AreaSignal, Transition

_HEX_DIGITS = 8


def of_hex(key: str, partitions: int) -> int:
    """Return the partition of a person key, receipt, signal id, alert id or other hex digits."""
    return int(key[:_HEX_DIGITS], 16) % partitions


def of_area(area: str, directory: Directory, partitions: int) -> int:
    """Return the area-log partition of an area: that of its county; 0 for one not known."""
    placed = directory.place(area)
    return directory.partition(placed.home, partitions) if placed else 0


def of_area_record(record: AreaSignal | Transition, directory: Directory, partitions: int) -> int:
    """Return the area-log partition of a signal or transition."""
    area = record.area if isinstance(record, AreaSignal) else record.subject
    return of_area(area, directory, partitions)
