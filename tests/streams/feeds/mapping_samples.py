"""One small mapping and its rows, for the tests of mapping; each test changes what it is about."""

import io

from schemas.areas import Directory
from streams.feeds.mapping import Mapped, RejectedRow, compile_mapping, map_rows, open_rows

CALLS = """\
mapping: 1
feed: hotline
source: /town/12345
format: {type: csv}
id: {column: case}
time:
  column: at
  time_zone: America/New_York
area: {codes: ["{town}"]}
person:
  column: victim_phone
  scheme: phone
  this_column_is_the_person_at_risk: yes
category:
  column: what
  rules:
    - equals: beaten at home
      kind: domestic_violence
      severity: 3
      signs: [injury]
    - equals: noise
      kind: neighbour_dispute
      severity: 0
      purpose: complaint
    - equals: test call
      skip: a test of the line
purpose: harm_report
channel: phone
note: {column: remark}
"""
HEADER = "case,at,town,what,victim_phone,remark"
ROW = "c1,2026-03-01 08:00,440703101,beaten at home,13800000000,"


def csv_of(*rows: str, header: str = HEADER) -> bytes:
    """Return a CSV file of these rows."""
    return "\n".join((header, *rows, "")).encode()


def mapped(
    data: bytes, text: str = CALLS, directory: Directory | None = None
) -> list[Mapped | RejectedRow]:
    """Map bytes by a mapping."""
    mapping = compile_mapping(text, "calls.yaml", directory)
    return list(map_rows(mapping, open_rows(mapping, io.BytesIO(data), "calls.csv")))


def events(data: bytes, text: str = CALLS, directory: Directory | None = None) -> list[Mapped]:
    """Map bytes of which every row must become an event."""
    rows = mapped(data, text, directory)
    found = [row for row in rows if isinstance(row, Mapped)]
    assert len(found) == len(rows), rows
    return found


def reasons(data: bytes, text: str = CALLS, directory: Directory | None = None) -> list[str]:
    """Map bytes, and return for each row its reason, or "event"."""
    return [
        row.why.reason.value if isinstance(row, RejectedRow) else "event"
        for row in mapped(data, text, directory)
    ]
