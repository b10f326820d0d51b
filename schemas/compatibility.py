"""Whether a changed published schema can still read what was written under the one before.

Rules, for one version number of a type:

- What an old writer wrote, a new reader must accept and understand alike: no field is removed or
  becomes required, no type, list of values, range, length, pattern or format is narrowed, and no
  default changes (an absent field would mean something else).
- A new optional field, a new value of an enumeration and a wider range are compatible. But our
  readers are closed: an old reader refuses what a new writer writes. `readers_first` names those
  places; all readers are brought up to date before the first writer.
- Titles, descriptions and examples may change. A keyword that is not known here is a problem: the
  rule for it has to be written down first.

Anything else is a new version: a new type name or file, a new topic, and both kept until the old
one's retention is over.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
Rule = Callable[[Any, Any], bool]

_SILENT = frozenset({"$schema", "$id", "$defs", "title", "description", "examples", "default"})
_STRUCTURE = frozenset({"$ref", "anyOf", "type", "enum", "const"})
_OBJECT = frozenset({"properties", "required", "additionalProperties", "items"})
_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_SAME = ("pattern", "format", "contentEncoding")
_KNOWN = _SILENT | _STRUCTURE | _OBJECT | {*_LOWER_BOUNDS, *_UPPER_BOUNDS, *_SAME}
_ABSENT = object()


def problems(old_schema: Schema, new_schema: Schema) -> list[str]:
    """Return why records written under the old schema may not be read under the new one.

    Empty if the change is compatible; each line has the place (a JSON path) and what is wrong.
    Both are JSON Schemas (2020-12) as `schemas.publish` writes them.
    """
    comparison = _Comparison(old_schema, new_schema)
    return list(comparison.of("$", old_schema, new_schema))


def readers_first(old_schema: Schema, new_schema: Schema) -> list[str]:
    """Return what a new writer may write that an old reader refuses, as seen from the old reader.

    Not a problem in itself: it says that readers have to be brought up to date before writers.
    """
    return problems(new_schema, old_schema)


class _Comparison:
    """One walk through two schemas at once; a pair of definitions is looked at once."""

    def __init__(self, old_root: Schema, new_root: Schema) -> None:
        self._old_root = old_root
        self._new_root = new_root
        self._seen: set[tuple[str, str]] = set()

    def of(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        names = (old.get("$ref", ""), new.get("$ref", ""))
        if all(names):
            if names in self._seen:
                return
            self._seen.add(names)
        old, new = _resolved(self._old_root, old), _resolved(self._new_root, new)
        unknown = sorted({*old, *new} - _KNOWN)
        if unknown:
            yield f"{path}: no rule for the keyword `{unknown[0]}` yet"
        elif "anyOf" in old or "anyOf" in new:
            yield from self._alternatives(path, old, new)
        else:
            yield from self._plain(path, old, new)

    def _alternatives(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        """Each old alternative must be readable as some new one."""
        offered = new.get("anyOf", [new])
        for one in old.get("anyOf", [old]):
            if any(self._readable(path, one, other) for other in offered):
                continue
            alike = [other for other in offered if _described(other) == _described(one)]
            if alike:
                yield from self.of(path, one, alike[0])
            else:
                yield f"{path}: {_described(one)} was allowed and is no longer"

    def _readable(self, path: str, old: Schema, new: Schema) -> bool:
        trial = _Comparison(self._old_root, self._new_root)
        trial._seen = set(self._seen)
        return not any(True for _ in trial.of(path, old, new))

    def _plain(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        yield from _narrowed_values(path, old, new)
        yield from _narrowed_bounds(path, old, new)
        if "items" in old or "items" in new:
            yield from self.of(f"{path}[]", old.get("items", {}), new.get("items", {}))
        if "properties" in old or "properties" in new:
            yield from self._fields(path, old, new)

    def _fields(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
        always = set(old.get("required", ()))
        for name in sorted(set(new.get("required", ())) - always):
            yield f"{path}: field `{name}` is required now; old records may not have it"
        if new.get("additionalProperties") is not False:
            yield f"{path}: the record is no longer closed"
        for name, field in old_fields.items():
            if name not in new_fields:
                yield f"{path}: field `{name}` was removed; old records have it"
                continue
            before, after = (one.get("default", _ABSENT) for one in (field, new_fields[name]))
            if name not in always and before != after:
                yield f"{path}.{name}: the default changed; its absence would mean something else"
            yield from self.of(f"{path}.{name}", field, new_fields[name])


def _resolved(root: Schema, schema: Schema) -> Schema:
    """Return the definition that a reference names, `#/$defs/Name`."""
    while "$ref" in schema:
        found: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def _described(schema: Schema) -> str:
    name: str = schema.get("$ref", "").rpartition("/")[2]
    return name or str(schema.get("type", "an alternative"))


def _values(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _narrowed_values(path: str, old: Schema, new: Schema) -> Iterator[str]:
    """The type may only widen from integer to number; a list of values may only grow."""
    old_values, new_values = _values(old), _values(new)
    if new_values is not None:
        if old_values is None:
            yield f"{path}: only listed values are allowed now"
            return
        for value in old_values:
            if value not in new_values:
                yield f"{path}: value {value!r} was removed; old records have it"
        return
    old_type, new_type = old.get("type"), new.get("type")
    if old_values is not None and new_type == "string":
        return
    if new_type not in (None, old_type) and (old_type, new_type) != ("integer", "number"):
        yield f"{path}: the type was {old_type or 'any'} and is {new_type} now"


def _narrowed_bounds(path: str, old: Schema, new: Schema) -> Iterator[str]:
    for keyword in (*_LOWER_BOUNDS, *_UPPER_BOUNDS):
        before, after = old.get(keyword), new.get(keyword)
        if after is None or (before is not None and _as_wide(keyword, before, after)):
            continue
        yield f"{path}: `{keyword}` was {'none' if before is None else before} and is {after} now"
    for keyword in _SAME:
        before, after = old.get(keyword), new.get(keyword)
        if before != after and not (keyword == "pattern" and after is None):
            yield f"{path}: `{keyword}` changed"


def _as_wide(keyword: str, before: float, after: float) -> bool:
    return after <= before if keyword in _LOWER_BOUNDS else after >= before
