"""A rotated key and a merge in mid-stream: one person's reports meet in one history."""

from collections.abc import Callable
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.vault.pseudonyms import Pseudonyms, signal_id
from schemas.outcomes import Change
from schemas.records import Alias, KeyActivation, MoveReason
from schemas.state import HelpState, PersonHistory
from schemas.taxonomy import Scheme
from schemas.times import DAY_US, HOUR_US
from streams.pipeline import Pipeline
from tests.builders import NOW_US
from tests.streams.intake.contacts import (
    PHONE,
    SOURCE,
    TWO_VERSIONS,
    Kept,
    contact,
    intake_with,
    person,
    pipeline_with,
    raw,
)

CITIZEN_ID = "11010519491231002X"
Act = Callable[[Pipeline], None]


def key(scheme: Scheme, identifier: str, version: str) -> str:
    pseudonyms = Pseudonyms(TWO_VERSIONS)
    pseudonyms.use_version(version)
    return pseudonyms.person_key(scheme, SOURCE, identifier)


PHONE_1, PHONE_2 = (key(Scheme.PHONE, PHONE, version) for version in "12")
CITIZEN_1, CITIZEN_2 = (key(Scheme.CITIZEN_ID, CITIZEN_ID, version) for version in "12")
ALL_KEYS = (PHONE_1, PHONE_2, CITIZEN_1, CITIZEN_2)


def report(
    event_id: str, scheme: Scheme = Scheme.PHONE, *, hour: int = 0, signs: tuple[str, ...] = ()
) -> Act:
    value = PHONE if scheme is Scheme.PHONE else CITIZEN_ID
    at_us = NOW_US + hour * HOUR_US

    def act(pipeline: Pipeline) -> None:
        who = person(value, scheme)
        event = contact(event_id, at=at_us, ingest=at_us, person=who, signs=signs)
        pipeline.take(raw(event, received_us=at_us))

    return act


def alias(one: str, to: str, reason: MoveReason = MoveReason.ROTATION) -> Act:
    return lambda pipeline: pipeline.alias(Alias(one, to, reason, NOW_US + HOUR_US))


def activation(pipeline: Pipeline) -> None:
    pipeline.alias(KeyActivation("2", NOW_US + HOUR_US))


def run(*acts: Act) -> tuple[Pipeline, Kept]:
    pipeline, kept = pipeline_with(keyring=TWO_VERSIONS)
    for act in acts:
        act(pipeline)
    return pipeline, kept


def histories(pipeline: Pipeline) -> dict[str, PersonHistory]:
    """The histories that are somewhere, by key; what only says where one went is none."""
    found = {one: pipeline.person.state.get(one) for one in ALL_KEYS}
    return {one: history for one, history in found.items() if history and not history.moved_to}


def reports_in(history: PersonHistory) -> list[str]:
    return [past.signal.hex() for past in history.signals]


def ids(*event_ids: str) -> list[str]:
    return [signal_id(SOURCE, event_id) for event_id in event_ids]


def test_without_an_alias_a_phone_and_its_rotated_key_would_be_two_persons() -> None:
    pipeline, _ = run(report("1"), activation, report("2", hour=2))
    assert set(histories(pipeline)) == {PHONE_1, PHONE_2}


ROTATION: tuple[Act, ...] = (
    activation,
    alias(PHONE_1, PHONE_2),
    report("2", hour=2),
    report("3", hour=3),
)


@pytest.mark.parametrize("order", list(permutations(ROTATION)))
def test_a_phone_and_its_rotated_key_meet_in_one_history(order: tuple[Act, ...]) -> None:
    pipeline, kept = run(report("1"), *order, report("4", hour=4))
    found = histories(pipeline)
    assert list(found) == [PHONE_2]
    assert reports_in(found[PHONE_2]) == ids("1", "2", "3", "4")
    assert kept.dead_letters == []


WITH_MERGE: tuple[Act, ...] = (
    activation,
    alias(PHONE_1, PHONE_2),
    alias(CITIZEN_1, CITIZEN_2),
    alias(CITIZEN_2, PHONE_2, MoveReason.MERGE),
    report("3", hour=3),
    report("4", Scheme.CITIZEN_ID, hour=4),
)


@given(st.permutations(WITH_MERGE))
def test_a_phone_and_a_citizen_id_meet_in_one_history_through_rotation_and_merge(
    order: list[Act],
) -> None:
    begin = (report("1"), report("2", Scheme.CITIZEN_ID, hour=2))
    end = (report("5", Scheme.CITIZEN_ID, hour=5), report("6", hour=6))
    pipeline, _ = run(*begin, *order, *end)
    found = histories(pipeline)
    assert list(found) == [PHONE_2]
    assert reports_in(found[PHONE_2]) == ids("1", "2", "3", "4", "5", "6")


AFTER_A_MERGE: tuple[Act, ...] = (
    activation,
    alias(PHONE_1, PHONE_2),
    alias(CITIZEN_1, CITIZEN_2),
    alias(CITIZEN_2, PHONE_2, MoveReason.MERGE),
    report("3", Scheme.CITIZEN_ID, hour=3),
)


@given(st.permutations(AFTER_A_MERGE))
def test_a_merge_outlives_the_rotation_of_both_its_keys(order: list[Act]) -> None:
    merged = alias(CITIZEN_1, PHONE_1, MoveReason.MERGE)
    begin = (report("1"), merged, report("2", Scheme.CITIZEN_ID, hour=2))
    pipeline, _ = run(*begin, *order, report("4", hour=4))
    found = histories(pipeline)
    assert list(found) == [PHONE_2]
    assert reports_in(found[PHONE_2]) == ids("1", "2", "3", "4")


@given(st.permutations(WITH_MERGE))
def test_one_person_has_one_open_alert_after_rotation_and_merge(order: list[Act]) -> None:
    danger = ("strangulation",)
    begin = (
        report("1", signs=danger),
        report("2", Scheme.CITIZEN_ID, hour=2, signs=danger),
    )
    _, kept = run(*begin, *order, report("7", hour=7, signs=danger))
    latest = kept.latest_alerts()
    still_open = [alert for alert in latest.values() if alert.open]
    assert [alert.subject for alert in still_open] == [PHONE_2]
    opened = {alert.alert_id for alert in kept.alerts if alert.change is Change.OPENED}
    assert opened == set(latest)
    for alert in latest.values():
        assert alert.open or alert.merged_into in latest


def test_a_repeated_alias_changes_nothing() -> None:
    once, _ = run(report("1"), alias(PHONE_1, PHONE_2), report("2", hour=2))
    twice, _ = run(
        report("1"), alias(PHONE_1, PHONE_2), alias(PHONE_1, PHONE_2), report("2", hour=2)
    )
    assert histories(once) == histories(twice)
    assert reports_in(histories(twice)[PHONE_2]) == ids("1", "2")


def test_a_report_that_is_repeated_after_the_rotation_is_counted_once() -> None:
    pipeline, _ = run(report("1"), activation, alias(PHONE_1, PHONE_2), report("1"))
    assert reports_in(histories(pipeline)[PHONE_2]) == ids("1")
    assert pipeline.counts["person.repeated_signal"] == 1


def asks_for_help(pipeline: Pipeline) -> None:
    event = contact("h", purpose="help_request", person=person())
    pipeline.take(raw(event))


@pytest.mark.parametrize(
    "order", list(permutations((activation, alias(PHONE_1, PHONE_2)))), ids=["a", "b"]
)
def test_an_overdue_request_for_help_finds_the_person_after_the_rotation(
    order: tuple[Act, ...],
) -> None:
    pipeline, _ = run(asks_for_help, *order)
    pipeline.tick(NOW_US + 30 * DAY_US)
    history = histories(pipeline)[PHONE_2]
    assert [past.help for past in history.signals] == [HelpState.OVERDUE]


def test_a_return_address_opens_after_the_sealing_key_was_rotated() -> None:
    event = contact("h", purpose="help_request", person=person())
    clock = intake_with(keyring=TWO_VERSIONS).step(raw(event)).clock
    assert clock is not None
    later = intake_with(keyring=msgspec.structs.replace(TWO_VERSIONS, sealing_active="2"))
    later.keys.apply(Alias(PHONE_1, PHONE_2, MoveReason.ROTATION, NOW_US))
    address = later.return_to(clock)
    assert address is not None
    assert (address.person, address.signal_id) == (PHONE_2, signal_id(SOURCE, "h"))
