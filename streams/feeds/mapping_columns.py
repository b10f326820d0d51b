"""Which columns a mapping uses, each with its place in a row's values and the line that named it.

Rules: a row reaches the mapping as a tuple of texts in exactly this order, whatever the order in
the file. A column whose name says that it holds another party than the person at risk cannot be
named as the person.
"""

import re

from streams.feeds.mapping_yaml import Marked

_OTHER_PARTY = re.compile(
    r"report(?:er|ing|ed_by)|caller|calling_party|complain|suspect|offend|aggress|perpetrat|accused"
    r"|defendant|witness|informant|respondent|abuser|attacker"
    r"|报警人|报案人|举报人|来电人|投诉人|嫌疑|加害|施暴|被告|证人|当事人",
    re.IGNORECASE,
)


class Columns:
    """Hands out places; filled while a mapping is compiled, only read afterwards."""

    def __init__(self, marked: Marked) -> None:
        self._marked = marked
        self._place: dict[str, int] = {}
        self.lines: list[int] = []

    @property
    def names(self) -> tuple[str, ...]:
        """The columns in the order of a row's values."""
        return tuple(self._place)

    def place(self, column: str, *path: str | int) -> int:
        """Return the place of `column`, which the mapping names at `path`."""
        if column not in self._place:
            self._place[column] = len(self._place)
            self.lines.append(self._marked.line(*path))
        return self._place[column]

    def place_of_person(self, column: str) -> int:
        """Return the place of the person at risk. Raises MappingError for another party's name."""
        other = _OTHER_PARTY.search(column)
        if other:
            raise self._marked.error(
                f"the column {column!r} is named after another party ({other.group()!r}), and only "
                "the person at risk of harm may be mapped. If it does hold the person at risk, "
                "rename the column in the export, so that whoever reads it next sees that too",
                "person",
                "column",
            )
        return self.place(column, "person", "column")
