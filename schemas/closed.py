"""The two base types of everything that flows.

Rules: a type is closed (an unknown field is an error, not a guess) and frozen (a value never
changes after it was made). State differs in one thing only: the step that owns it may change it.
Neither can hold itself, so the garbage collector need not look for circles in them.
"""

import msgspec


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A record that flows: immutable, refuses unknown fields."""


class Packed(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """A piece of state: a compact array in msgpack, changed only by the step that owns it."""


class Text(Closed, frozen=True):
    """One sentence or label in both languages an officer reads."""

    en: str
    zh: str = msgspec.field(name="zh-CN")
