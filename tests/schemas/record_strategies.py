"""Values of any of our types, for property tests: a description by msgspec becomes a strategy.

Rules: every bound and pattern of the type is kept; a text may be anything that the wire can carry,
unless the caller brings a narrower `text`; instants come in several zones.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

from hypothesis import strategies as st
from msgspec import inspect

T = TypeVar("T")
Strategy = st.SearchStrategy[Any]

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
ITEMS_MAX = 3
ZONES = (UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-3, minutes=-30)))
EARLIEST, LATEST = datetime(1971, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001  # hypothesis adds the zone

ANY_TEXT = st.characters(codec="utf-8")
NAME_TEXT = st.characters(codec="utf-8", exclude_categories=["Cc"])
"""Characters that may stand in what names a thing."""


def values_of(kind: type[T], *, text: Strategy | None = None) -> st.SearchStrategy[T]:
    """Return a strategy for values of a type; `text` is the strategy for one character."""
    return _strategy(inspect.type_info(kind), ANY_TEXT if text is None else text)


def _strategy(info: inspect.Type, text: Strategy) -> Strategy:
    if isinstance(info, inspect.StructType):
        return _record(info, text)
    if isinstance(info, inspect.UnionType):
        return st.one_of(*(_strategy(one, text) for one in info.types))
    if isinstance(info, inspect.TupleType):
        return st.tuples(*(_strategy(one, text) for one in info.item_types))
    if isinstance(info, inspect.CollectionType):
        return _collection(info, text)
    if isinstance(info, inspect.DictType):
        keys, held = _strategy(info.key_type, text), _strategy(info.value_type, text)
        return st.dictionaries(keys, held, max_size=ITEMS_MAX)
    return _LEAVES[type(info)](info, text)


def _record(info: inspect.StructType, text: Strategy) -> Strategy:
    required = {field.name: _strategy(field.type, text) for field in info.fields if field.required}
    optional = {
        field.name: _strategy(field.type, text) for field in info.fields if not field.required
    }
    return st.fixed_dictionaries(required, optional=optional).map(lambda fields: info.cls(**fields))


def _collection(info: inspect.CollectionType, text: Strategy) -> Strategy:
    most = min(ITEMS_MAX, ITEMS_MAX if info.max_length is None else info.max_length)
    items = st.lists(_strategy(info.item_type, text), min_size=info.min_length or 0, max_size=most)
    if isinstance(info, inspect.VarTupleType):
        return items.map(tuple)
    return items.map(set) if isinstance(info, inspect.SetType) else items


def _text(info: inspect.StrType, text: Strategy) -> Strategy:
    if info.pattern is not None:
        return st.from_regex(info.pattern, fullmatch=True)
    return st.text(text, min_size=info.min_length or 0, max_size=min(info.max_length or 40, 40))


def _integer(info: inspect.IntType, _text: Strategy) -> Strategy:
    least = INTEGER_MIN if info.ge is None else info.ge
    return st.integers(least, INTEGER_MAX if info.le is None else info.le)


def _number(info: inspect.FloatType, _text: Strategy) -> Strategy:
    return st.floats(info.ge, info.le, allow_nan=False, allow_infinity=False)


def _instant(_info: inspect.Type, _text: Strategy) -> Strategy:
    return st.datetimes(EARLIEST, LATEST, timezones=st.sampled_from(ZONES))


_LEAVES: dict[type[inspect.Type], Callable[[Any, Strategy], Strategy]] = {
    inspect.StrType: _text,
    inspect.IntType: _integer,
    inspect.FloatType: _number,
    inspect.DateTimeType: _instant,
    inspect.DateType: lambda _info, _text: st.dates(EARLIEST.date(), LATEST.date()),
    inspect.BoolType: lambda _info, _text: st.booleans(),
    inspect.BytesType: lambda _info, _text: st.binary(max_size=40),
    inspect.NoneType: lambda _info, _text: st.none(),
    inspect.EnumType: lambda info, _text: st.sampled_from(list(info.cls)),
    inspect.LiteralType: lambda info, _text: st.sampled_from(info.values),
}
