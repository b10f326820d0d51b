"""Names in a namespace, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cluster.naming import NamespaceError, named, plain_name

NAMESPACES = st.one_of(st.just(""), st.from_regex(r"[a-z0-9][a-z0-9-]{0,30}", fullmatch=True))


def test_the_live_namespace_changes_no_name() -> None:
    assert named("", "forewarn.person-log.v1") == "forewarn.person-log.v1"


def test_a_namespace_stands_in_front() -> None:
    assert named("history", "forewarn.person-log.v1") == "history.forewarn.person-log.v1"


@given(NAMESPACES, st.sampled_from(["forewarn.alerts.v1", "forewarn-person-state-changelog"]))
def test_a_name_comes_back_plain(namespace: str, name: str) -> None:
    assert plain_name(namespace, named(namespace, name)) == name


@pytest.mark.parametrize("namespace", ["-a", "A", "a.b", "a" * 32, "é", "a b", "a\n"])
def test_a_namespace_that_is_written_wrong_is_refused(namespace: str) -> None:
    with pytest.raises(NamespaceError, match="is no namespace"):
        named(namespace, "forewarn.alerts.v1")


def test_a_name_of_another_namespace_has_no_plain_name() -> None:
    with pytest.raises(NamespaceError, match="is not in the namespace"):
        plain_name("history", "rehearsal.forewarn.alerts.v1")
