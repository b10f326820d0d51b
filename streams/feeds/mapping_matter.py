"""What a row is about: categories to kind, purpose, severity, signs, origin and channel.

Rules: the first rule that fits decides; what it leaves open comes from the key of the same name at
the top of the mapping, a constant or a table over another column. A mapping under which a category
could end up without a kind, a purpose, a severity or a channel is refused before the first row.
"""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from schemas.closed import Closed
from schemas.taxonomy import Channel, Kind, Origin, Purpose, Sign
from streams.feeds.mapping_columns import Columns
from streams.feeds.mapping_file import (
    VOCABULARIES,
    Lookup,
    MappingFile,
    MatterSpec,
    RuleSpec,
    words_of,
)
from streams.feeds.mapping_reasons import MappingError, Reason, Refusal, nearest
from streams.feeds.mapping_yaml import Marked, Path

Values = Sequence[str]
FROM_THE_TOP = ("purpose", "severity", "origin", "channel")
VALUE_CHARS_MAX = 256
_SEVERITIES = {str(severity): severity for severity in range(5)}


class Matter(Closed, frozen=True):
    """What a row is about, ready for an event; `line` is the line of the rule that said so."""

    purpose: Purpose
    kind: Kind
    severity: int
    signs: tuple[Sign, ...]
    origin: Origin
    channel: Channel
    line: int


MatterReader = Callable[[Values], Matter | Refusal]
_Default = Callable[[Values], Any]


class _Rule:
    """One rule, ready to be asked."""

    def __init__(self, spec: MatterSpec, line: int) -> None:
        self.spec = spec
        self.line = line
        rule = spec if isinstance(spec, RuleSpec) else RuleSpec()
        self.always = not isinstance(spec, RuleSpec)
        self.skip = rule.skip
        self.equals = frozenset(words_of(rule.equals))
        self._prefix = words_of(rule.prefix)
        self._pattern = re.compile(rule.pattern) if rule.pattern is not None else None

    def fits(self, category: str) -> bool:
        """Say whether this rule decides about `category`."""
        return (
            self.always
            or category in self.equals
            or category.startswith(self._prefix)
            or (self._pattern is not None and self._pattern.fullmatch(category) is not None)
        )


def compile_matter(
    file: MappingFile, columns: Columns, marked: Marked
) -> tuple[MatterReader, tuple[int, ...]]:
    """Return a function from a row's values to its matter or a refusal, and the places it reads.

    Raises MappingError for a rule that says nothing, repeats another, or leaves something open.
    """
    category = columns.place(file.category.column, "category", "column")
    rules = _rules(file, marked)
    defaults, places = _defaults(file, columns, marked)
    sign_columns = [
        (
            columns.place(spec.column, "signs", index, "column"),
            set(words_of(spec.equals)),
            spec.sign,
        )
        for index, spec in enumerate(file.signs)
    ]
    for rule in rules:
        _check_complete(rule, defaults, marked.name)
    column_line = marked.line("category")

    def read(values: Values) -> Matter | Refusal:
        text = values[category][:VALUE_CHARS_MAX]
        rule = next((rule for rule in rules if rule.fits(text)), None)
        if rule is None:
            return Refusal(Reason.NO_RULE, column_line, f"no rule fits {text!r}")
        if rule.skip is not None:
            return Refusal(Reason.LEFT_OUT, rule.line, rule.skip)
        signs = {sign for place, words, sign in sign_columns if values[place] in words}
        return _matter(rule, signs, defaults, values)

    return read, (category, *places, *(place for place, _, _ in sign_columns))


def _matter(
    rule: _Rule, signs: set[Sign], defaults: dict[str, _Default], values: Values
) -> Matter | Refusal:
    found: dict[str, Any] = {"kind": rule.spec.kind}
    for key in FROM_THE_TOP:
        said = getattr(rule.spec, key)
        found[key] = defaults[key](values) if said is None else said
        if isinstance(found[key], Refusal):
            return found[key]  # type: ignore[no-any-return]  # the line above says what it is
    signs = signs | set(rule.spec.signs)
    ordered = tuple(sign for sign in Sign if sign in signs)
    return Matter(signs=ordered, line=rule.line, **found)


def _rules(file: MappingFile, marked: Marked) -> list[_Rule]:
    rules: list[_Rule] = []
    for index, spec in enumerate(file.category.rules):
        path: Path = ("category", "rules", index)
        try:
            rule = _Rule(spec, marked.line(*path))
        except re.error as error:
            raise marked.error(f"the pattern cannot be read: {error}", *path, "pattern") from error
        if not rule.equals and not spec.prefix and spec.pattern is None:
            raise marked.error("a rule needs `equals`, `prefix` or `pattern`", *path)
        for word in words_of(spec.equals):
            before = next((other for other in rules if other.fits(word)), None)
            if before is not None:
                raise marked.error(
                    f"{word!r} is decided by the rule on line {before.line} already; keep one",
                    *path,
                    "equals",
                )
        rules.append(rule)
    otherwise = file.category.otherwise
    if isinstance(otherwise, MatterSpec):
        rules.append(_Rule(otherwise, marked.line("category", "otherwise")))
    elif otherwise == "skip":
        why = RuleSpec(prefix="", skip="no rule fits, and `otherwise: skip`")
        rules.append(_Rule(why, marked.line("category", "otherwise")))
    return rules


def _check_complete(rule: _Rule, defaults: dict[str, _Default], name: str) -> None:
    if rule.skip is not None:
        return
    for key in ("kind", *FROM_THE_TOP):
        if getattr(rule.spec, key) is None and key not in defaults:
            where = "here" if key == "kind" else "here or at the top of the mapping"
            raise MappingError(name, rule.line, f"`{key}` is not said: say it {where}")


def _defaults(
    file: MappingFile, columns: Columns, marked: Marked
) -> tuple[dict[str, _Default], list[int]]:
    defaults: dict[str, _Default] = {}
    places: list[int] = []
    for key in FROM_THE_TOP:
        said = getattr(file, key)
        if isinstance(said, Lookup):
            place = columns.place(said.column, key, "column")
            places.append(place)
            defaults[key] = _looked_up(said, key, place, marked)
        elif said is not None:
            defaults[key] = _always(said)
    return defaults, places


def _always(said: Any) -> _Default:
    return lambda _values: said


def _looked_up(spec: Lookup, key: str, place: int, marked: Marked) -> _Default:
    table = {
        value: _member(key, word, marked, (key, "table", value))
        for value, word in spec.table.items()
    }
    other = (
        None
        if spec.otherwise == "refuse"
        else _member(key, spec.otherwise, marked, (key, "otherwise"))
    )
    line = marked.line(key, "table")

    def read(values: Values) -> Any:
        value = values[place]
        found = table.get(value, other)
        if found is None:
            return Refusal(Reason.NOT_IN_TABLE, line, f"{value[:VALUE_CHARS_MAX]!r} is not there")
        return found

    return read


def _member(key: str, word: str, marked: Marked, path: Path) -> StrEnum | int:
    known: dict[str, Any] = (
        _SEVERITIES if key == "severity" else {str(member): member for member in VOCABULARIES[key]}
    )
    try:
        return known[word]  # type: ignore[no-any-return]  # a severity or a member, by the table
    except KeyError:
        raise marked.error(
            f"{word!r} is no {key}.{nearest(word, known)} Known: {', '.join(known)}", *path
        ) from None
