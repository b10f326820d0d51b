"""Where a row happened: templates of area codes, tried from the finest to the coarsest.

Rules: a template counts when all its columns are filled and, where the mapping names a directory,
the directory has the code it makes. So a blank or a mistyped detail falls back to the area around
it, which is true, instead of being lost or making up an area.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from schemas.areas import Directory
from schemas.events import AREA_CODE_CHARS_MAX
from streams.feeds.mapping_columns import Columns
from streams.feeds.mapping_file import AreaSpec
from streams.feeds.mapping_reasons import Reason, Refusal
from streams.feeds.mapping_yaml import Marked

Values = Sequence[str]
AreaReader = Callable[[Values], str | Refusal]
_PART = re.compile(r"\{([^{}]*)\}")


class _Template:
    """One code with holes: text and columns, one after the other."""

    def __init__(self, written: str, spec: AreaSpec, columns: Columns, index: int) -> None:
        self._texts = _PART.split(written)[::2]
        self._holes = [
            (columns.place(column, "area", "codes", index), spec.replace.get(column, {}))
            for column in _PART.findall(written)
        ]
        self._spaces = spec.spaces_become

    def code(self, values: Values) -> str | None:
        """Return the code, or None when a column of it is blank."""
        code = self._texts[0]
        for (place, replace), text in zip(self._holes, self._texts[1:], strict=True):
            value = _replaced(values[place], replace)
            if not value:
                return None
            if self._spaces is not None:
                value = self._spaces.join(value.split())
            code += value + text
        return code


def compile_area(
    spec: AreaSpec, columns: Columns, marked: Marked, directory: Directory | None
) -> tuple[AreaReader, tuple[int, ...]]:
    """Return a function from a row's values to a code or a refusal, and the places it looks at.

    Raises MappingError for a broken template or a directory that is named but not given.
    """
    _check(spec, marked, directory)
    templates = [
        _Template(written, spec, columns, index) for index, written in enumerate(spec.codes)
    ]
    used = {column for written in spec.codes for column in _PART.findall(written)}
    places = tuple(columns.place(column) for column in sorted(used))
    line = marked.line("area", "codes")

    def read(values: Values) -> str | Refusal:
        made = [code for template in templates if (code := template.code(values)) is not None]
        for code in made:
            if len(code) <= AREA_CODE_CHARS_MAX and (directory is None or directory.known(code)):
                return code
        if made:
            return Refusal(Reason.UNKNOWN_AREA, line, f"no area {made[0][:AREA_CODE_CHARS_MAX]!r}")
        return Refusal(Reason.NO_AREA, line, "all columns of the area are blank")

    return read, places


def _replaced(value: str, replace: Mapping[str, str]) -> str:
    return replace.get(value, value)


def _check(spec: AreaSpec, marked: Marked, directory: Directory | None) -> None:
    for index, written in enumerate(spec.codes):
        rest = _PART.sub("", written)
        if "{" in rest or "}" in rest or "" in _PART.findall(written):
            raise marked.error(
                f"{written!r} is no code: name columns in braces, as in '440703/{{town}}'",
                "area",
                "codes",
                index,
            )
    used = {column for written in spec.codes for column in _PART.findall(written)}
    for column in spec.replace:
        if column not in used:
            raise marked.error(
                f"no code uses the column {column!r}; take the table away or use the column",
                "area",
                "replace",
                column,
            )
    if spec.directory is not None and directory is None:
        raise marked.error(
            f"the directory {spec.directory!r} was not found beside the mapping; put it there, or "
            "give one with --areas",
            "area",
            "directory",
        )
