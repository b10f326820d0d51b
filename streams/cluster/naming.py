"""Names of topics and consumer groups in a namespace: live, a rehearsal, a history of its own.

Rules: a namespace is a prefix and a full stop; the empty namespace is the live one and changes no
name. Two namespaces never share a topic, a group or a changelog.
"""

import re

_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


class NamespaceError(ValueError):
    """A namespace is written wrong, or a name is of another one; the message says how it goes."""


def checked(namespace: str) -> str:
    """Return the namespace; NamespaceError when it is written wrong."""
    if namespace and not _NAMESPACE.fullmatch(namespace):
        raise NamespaceError(
            f"{namespace!r} is no namespace: take up to 31 of a-z, 0-9 and -, none in front"
        )
    return namespace


def named(namespace: str, name: str) -> str:
    """Return what a topic or consumer group is called in the namespace."""
    return f"{namespace}.{name}" if checked(namespace) else name


def plain_name(namespace: str, name: str) -> str:
    """Return the name without its namespace; NamespaceError when it is of another one."""
    prefix = f"{namespace}." if checked(namespace) else ""
    if not name.startswith(prefix):
        raise NamespaceError(f"{name!r} is not in the namespace {namespace!r}")
    return name.removeprefix(prefix)
