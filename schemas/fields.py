"""What a type is made of: every record type within it, and every field name of those.

Why: errors may name only fields of our own, tests walk all that flows, and a float anywhere in a
record has to be looked at before it is written. Rule: what is unknown to the walk has no parts.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import inspect


def _parts(info: inspect.Type) -> tuple[inspect.Type, ...]:
    match info:
        case inspect.StructType(fields=fields):
            return tuple(field.type for field in fields)
        case inspect.UnionType(types=types):
            return types
        case inspect.TupleType(item_types=types):
            return types
        case inspect.DictType(key_type=key, value_type=value):
            return (key, value)
        case inspect.CollectionType(item_type=item):
            return (item,)
        case inspect.Metadata(type=inner):
            return (inner,)
        case _:
            return ()


def types_within(*types: Any) -> Iterator[inspect.Type]:
    """Yield a description of each type and of every type within it, each record type once."""
    waiting = list(reversed(inspect.multi_type_info(types)))
    seen: set[type] = set()
    while waiting:
        info = waiting.pop()
        if isinstance(info, inspect.StructType):
            if info.cls in seen:
                continue
            seen.add(info.cls)
        yield info
        waiting.extend(reversed(_parts(info)))


def field_names(*types: Any) -> frozenset[str]:
    """Return every field name, as written on the wire, of the record types within `types`."""
    return frozenset(
        field.encode_name
        for info in types_within(*types)
        if isinstance(info, inspect.StructType)
        for field in info.fields
    )


def has_floats(kind: type) -> bool:
    """Say whether a record of this type can hold a float anywhere."""
    return any(isinstance(info, inspect.FloatType) for info in types_within(kind))
