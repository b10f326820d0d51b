"""Each rule for a changed schema by an example, and the rules held over what was released."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.compatibility import problems, readers_first
from schemas.publish import published_files

RELEASED = Path(__file__).parent / "frozen" / "v1"
FROZEN = sorted(path.name for path in RELEASED.iterdir())
Schema = dict[str, Any]

FIELDS: Schema = {
    "id": {"type": "string", "minLength": 1, "maxLength": 9},
    "count": {"type": "integer", "minimum": 0, "maximum": 4},
    "hours": {"type": "string", "pattern": "^a$"},
    "at": {"type": "string", "format": "date-time"},
    "blob": {"type": "string", "contentEncoding": "base64"},
    "kind": {"$ref": "#/$defs/Kind"},
    "kinds": {"type": "array", "items": {"$ref": "#/$defs/Kind"}, "maxItems": 3},
    "inner": {"anyOf": [{"$ref": "#/$defs/Inner"}, {"type": "null"}], "default": None},
    "again": {"$ref": "#/$defs/Record"},
    "version": {"type": "integer", "default": 1},
}
OLD: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$ref": "#/$defs/Record",
    "$defs": {
        "Record": {
            "title": "Record",
            "type": "object",
            "properties": FIELDS,
            "required": ["id", "kind"],
            "additionalProperties": False,
        },
        "Kind": {"enum": ["a", "b"]},
        "Inner": {
            "type": "object",
            "properties": {"one": {"type": "number"}},
            "required": ["one"],
            "additionalProperties": False,
        },
    },
    "examples": [],
}
Change = Callable[[Schema, Schema], object]
"""Changes a schema in place, given its definitions and the fields of its record."""

BREAKING: list[tuple[str, Change]] = [
    ("$: field `new` is required now", lambda d, f: d["Record"]["required"].append("new")),
    ("$: field `version` is required", lambda d, f: d["Record"]["required"].append("version")),
    ("$: field `count` was removed", lambda d, f: f.pop("count")),
    ("$.count: the type was integer", lambda d, f: f.update(count={"type": "string"})),
    ("$.id: the type was string and is array", lambda d, f: f.update(id={"type": "array"})),
    ("$.count: `maximum` was 4 and is 3", lambda d, f: f["count"].update(maximum=3)),
    ("$.count: `minimum` was 0 and is 1", lambda d, f: f["count"].update(minimum=1)),
    ("$.id: `maxLength` was 9 and is 8", lambda d, f: f["id"].update(maxLength=8)),
    ("$.id: `minLength` was 1 and is 2", lambda d, f: f["id"].update(minLength=2)),
    ("$.hours: `maxLength` was none", lambda d, f: f["hours"].update(maxLength=8)),
    ("$.kinds: `maxItems` was 3 and is 2", lambda d, f: f["kinds"].update(maxItems=2)),
    ("$.hours: `pattern` changed", lambda d, f: f["hours"].update(pattern="^b$")),
    ("$.id: `pattern` changed", lambda d, f: f["id"].update(pattern="^b$")),
    ("$.at: `format` changed", lambda d, f: f["at"].pop("format")),
    ("$.blob: `contentEncoding` changed", lambda d, f: f["blob"].pop("contentEncoding")),
    ("$.kind: value 'b' was removed", lambda d, f: d["Kind"]["enum"].remove("b")),
    ("$.kind: value 'b' was removed", lambda d, f: f.update(kind={"const": "a"})),
    ("$.id: only listed values", lambda d, f: f.update(id={"enum": ["a"]})),
    ("$.kinds[]: the type was string", lambda d, f: f["kinds"].update(items={"type": "integer"})),
    ("$.inner: null was allowed", lambda d, f: f["inner"]["anyOf"].pop()),
    ("$.inner: field `one` was removed", lambda d, f: d["Inner"]["properties"].clear()),
    ("$.inner.one: the type", lambda d, f: d["Inner"]["properties"]["one"].update(type="integer")),
    ("$.version: the default changed", lambda d, f: f["version"].update(default=2)),
    ("$.version: the default changed", lambda d, f: f["version"].pop("default")),
    ("$: the record is no longer closed", lambda d, f: d["Record"].pop("additionalProperties")),
    ("$.id: no rule for the keyword `not`", lambda d, f: f["id"].update({"not": {}})),
]  # fmt: skip
COMPATIBLE: list[Change] = [
    lambda d, f: None,
    lambda d, f: d["Record"].update(title="Other", description="words"),
    lambda d, f: d["Record"].update(required=["id"]),
    lambda d, f: f.update(new={"type": "string", "default": ""}),
    lambda d, f: d["Kind"]["enum"].append("c"),
    lambda d, f: d["Kind"].update(enum=["b", "a"]),
    lambda d, f: f["count"].update(maximum=5, minimum=-1),
    lambda d, f: f["count"].pop("maximum"),
    lambda d, f: f["count"].update(type="number"),
    lambda d, f: f["hours"].pop("pattern"),
    lambda d, f: f.update(id={"anyOf": [{"type": "string"}, {"type": "null"}]}),
    lambda d, f: f.update(kind={"type": "string"}),
]


def changed(change: Change) -> Schema:
    new = copy.deepcopy(OLD)
    change(new["$defs"], new["$defs"]["Record"]["properties"])
    return new


@pytest.mark.parametrize(("problem", "change"), BREAKING, ids=[name for name, _ in BREAKING])
def test_a_change_that_old_records_do_not_survive_is_a_problem(
    problem: str, change: Change
) -> None:
    if problem.startswith("$.kinds[]"):
        old = changed(lambda d, f: f["kinds"].update(items={"type": "string"}))
    else:
        old = OLD
    found = problems(old, changed(change))
    assert [line for line in found if line.startswith(problem)] != [], found


@pytest.mark.parametrize("change", COMPATIBLE)
def test_a_change_that_old_records_survive_is_none(change: Change) -> None:
    assert problems(OLD, changed(change)) == []


def test_a_new_value_or_field_wants_the_readers_first() -> None:
    assert readers_first(OLD, changed(COMPATIBLE[0])) == []
    assert readers_first(OLD, changed(COMPATIBLE[3])) != []
    (line,) = readers_first(OLD, changed(COMPATIBLE[4]))
    assert line.startswith("$.kind: value 'c'")


def test_several_problems_are_all_named() -> None:
    new = changed(lambda d, f: (f.pop("count"), f["id"].update(maxLength=1)))
    assert len(problems(OLD, new)) == 2


@pytest.mark.parametrize("name", FROZEN)
def test_a_changed_schema_stays_compatible(name: str) -> None:
    """`frozen/v1` is what was released; it is replaced with a new version number only."""
    published = published_files()
    assert name in published, f"{name} was released and is published no longer"
    released = json.loads((RELEASED / name).read_bytes())
    found = problems(released, json.loads(published[name]))
    assert found == [], "records already written could not be read: " + "; ".join(found)


def test_every_published_schema_was_frozen() -> None:
    published = {name for name in published_files() if name.endswith(".schema.json")}
    assert sorted(published - set(FROZEN)) == [], "copy a new type's schema to tests/schemas/frozen"


def test_a_field_taken_out_of_a_released_schema_would_be_seen() -> None:
    released = json.loads((RELEASED / "event.v1.schema.json").read_bytes())
    new = copy.deepcopy(released)
    del new["$defs"]["EventData"]["properties"]["note"]
    new["$defs"]["Purpose"]["enum"].remove("petition")
    assert problems(released, new) == [
        "$.data.purpose: value 'petition' was removed; old records have it",
        "$.data: field `note` was removed; old records have it",
    ]
