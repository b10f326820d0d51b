"""YAML to plain values that remember their lines, so that an error can say where to look.

Rules: every scalar is read as the text that is written (`NO`, `01234` and `110` stay as they are;
the types of the mapping decide what a text means). Duplicate keys, anchors, aliases and tags are
refused, and size, depth and number of values are bounded, so that no file can grow in memory.
"""

from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from streams.feeds.mapping_reasons import MappingError

TEXT_CHARS_MAX = 262_144
VALUES_MAX = 20_000
DEPTH_MAX = 12

Path = tuple[str | int, ...]
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(
    _TAG + kind
    for kind in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value", "map", "seq")
)


class Marked:
    """Plain values (dict, list, str) and the line of each, by its path from the top."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.value: Any = None
        self.lines: dict[Path, int] = {}

    def line(self, *path: str | int) -> int:
        """Return the line of the value at `path`, or of the nearest thing that holds it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def error(self, problem: str, *path: str | int) -> MappingError:
        """Return (not raise) the error about the value at `path`."""
        return MappingError(self.name, self.line(*path), problem)


class _BoundedLoader(yaml.SafeLoader):
    """Composes nodes, refusing what a mapping has no use for before it can do harm."""

    title = ""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        self.values = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # types-PyYAML leaves it open
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None) is not None:
            raise MappingError(
                self.title, line, "anchors (&) and aliases (*) are not read here; write it out"
            )
        self.depth += 1
        self.values += 1
        if self.depth > DEPTH_MAX or self.values > VALUES_MAX:
            raise MappingError(
                self.title,
                line,
                f"a mapping has at most {VALUES_MAX:,} values, nested {DEPTH_MAX} deep",
            )
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read_marked(text: str, name: str) -> Marked:
    """Read YAML text; `name` is what error messages call the file.

    Raises MappingError with the line when the text is not YAML, or is more than a mapping needs.
    """
    if len(text) > TEXT_CHARS_MAX:
        raise MappingError(name, 1, f"a mapping has at most {TEXT_CHARS_MAX:,} characters")
    marked = Marked(name)
    node = _compose(text.removeprefix("\ufeff"), name)
    if node is None:
        raise MappingError(name, 1, "the mapping is empty; docs/connect-a-feed.md shows one")
    marked.value = _plain(node, (), marked)
    return marked


def _compose(text: str, name: str) -> Node | None:
    try:
        loader = _BoundedLoader(text)
        loader.title = name
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise MappingError(
            name,
            line,
            f"this is not YAML: {error.problem or error.context}; check indentation "
            "and quotes here and on the line above",
        ) from error
    except yaml.YAMLError as error:
        raise MappingError(name, 1, f"this is not YAML text: {error}") from error


def _plain(node: Node, path: Path, marked: Marked) -> Any:
    marked.lines.setdefault(path, node.start_mark.line + 1)
    if node.tag not in _PLAIN_TAGS:
        raise marked.error(f"the tag {node.tag} is not read here; take it away", *path)
    if isinstance(node, MappingNode):
        return _plain_mapping(node, path, marked)
    if isinstance(node, SequenceNode):
        return [_plain(item, (*path, index), marked) for index, item in enumerate(node.value)]
    return node.value


def _plain_mapping(node: MappingNode, path: Path, marked: Marked) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            raise MappingError(marked.name, line, "a key is one word or text, not a list or a map")
        key = key_node.value
        if key in plain:
            before = marked.line(*path, key)
            raise MappingError(
                marked.name, line, f"{key!r} is already there on line {before}; keep one of them"
            )
        marked.lines[(*path, key)] = line
        plain[key] = _plain(value_node, (*path, key), marked)
    return plain
