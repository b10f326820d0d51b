"""A person's history is a set in the order of event time: how it was told leaves no trace."""

from copy import deepcopy
from dataclasses import dataclass
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.features import features_of
from schemas.state import HelpState, PastSignal, PersonHistory, Seen
from schemas.taxonomy import Channel, Kind, Origin, Purpose, Sign, sign_mask
from schemas.times import DAY_US, MINUTE_US
from streams.history import (
    HistoryConfig,
    add,
    forget_old,
    has_seen,
    incidents_of,
    joined,
    past_signal,
    remember,
)
from tests.builders import NOW_US, history_of, past_signal_of, pending_of, person_signal, short_id
from tests.streams.history_strategies import days_ago, reports

CONFIG = HistoryConfig()
TIGHT = HistoryConfig(signals_max=3, seen_max=4, pending_joined_max=4)


@dataclass(frozen=True)
class Bounds:
    """How many of each a history holds."""

    signals: int
    seen: int
    pending: int

    @classmethod
    def of(cls, history: PersonHistory) -> "Bounds":
        return cls(len(history.signals), len(history.seen), len(history.pending))


def told(arrivals: list[PastSignal], config: HistoryConfig = CONFIG) -> PersonHistory:
    history = PersonHistory()
    for past in arrivals:
        add(history, past, NOW_US, config)
    return history


@given(data=st.data())
def test_every_order_of_arrival_gives_the_same_history_incidents_and_features(
    data: st.DataObject,
) -> None:
    signals = data.draw(reports(min_size=1))
    one = told(signals)
    other = told(data.draw(st.permutations(signals)))
    assert other == one
    incidents = incidents_of(one, CONFIG)
    assert incidents_of(other, CONFIG) == incidents
    newest = one.signals[-1].time_us
    assert features_of(incidents_of(other, CONFIG), newest) == features_of(incidents, newest)


@given(signals=reports(min_size=1), delays=st.lists(st.integers(0, 7 * 1_440), min_size=12))
def test_when_a_report_arrived_leaves_no_trace(
    signals: list[PastSignal], delays: list[int]
) -> None:
    history = PersonHistory()
    for past, delay in zip(signals, delays, strict=False):
        add(history, past, past.time_us + delay * MINUTE_US, CONFIG)
    assert history == told(signals)


@given(data=st.data())
def test_beyond_the_cap_the_newest_are_kept_whatever_the_order_of_arrival(
    data: st.DataObject,
) -> None:
    signals = data.draw(reports(min_size=4, max_size=7))
    history = told(data.draw(st.permutations(signals)), TIGHT)
    assert history.signals == history_of(*signals).signals[-3:]
    assert history.dropped == len(signals) - 3


@pytest.mark.parametrize(("minutes", "incidents"), [(0, 1), (15, 1), (15.001, 2), (16, 2)])
def test_reports_of_one_kind_within_a_quarter_of_an_hour_are_one(
    minutes: float, incidents: int
) -> None:
    later = past_signal_of(2, at_us=NOW_US + round(minutes * MINUTE_US))
    assert len(incidents_of(told([past_signal_of(1), later]), CONFIG)) == incidents


def test_the_quarter_of_an_hour_runs_from_the_first_report_and_not_from_the_last() -> None:
    chain = [past_signal_of(n, at_us=NOW_US + n * 10 * MINUTE_US) for n in range(4)]
    found = incidents_of(told(chain), CONFIG)
    assert [(one.time_us, one.reports) for one in found] == [
        (NOW_US, 2),
        (NOW_US + 20 * MINUTE_US, 2),
    ]


def test_another_kind_in_between_does_not_end_an_incident() -> None:
    between = past_signal_of(2, at_us=NOW_US + MINUTE_US, kind=Kind.SELF_HARM)
    last = past_signal_of(3, at_us=NOW_US + 2 * MINUTE_US)
    found = incidents_of(told([past_signal_of(1), between, last]), CONFIG)
    assert [(one.signal, one.reports) for one in found] == [(short_id(1), 2), (short_id(2), 1)]


def test_a_merged_incident_keeps_the_gravest_of_its_reports() -> None:
    first = past_signal_of(
        1,
        purpose=Purpose.HELP_REQUEST,
        origin=Origin.DISCOVERED,
        channel=Channel.WEB,
        severity=3,
        signs=(Sign.WEAPON,),
        help_state=HelpState.OPEN,
    )
    second = past_signal_of(
        2, at_us=NOW_US + MINUTE_US, severity=1, signs=(Sign.INJURY,), help_state=HelpState.OVERDUE
    )
    (merged,) = incidents_of(told([first, second]), CONFIG)
    assert (merged.signal, merged.time_us, merged.reports) == (short_id(1), NOW_US, 2)
    assert merged.severity == 3
    assert merged.signs == sign_mask((Sign.WEAPON, Sign.INJURY))
    assert merged.channels.bit_count() == 2
    assert merged.help == HelpState.OVERDUE
    assert merged.origin == second.origin
    assert merged.purpose == second.purpose


@given(signals=reports())
def test_merging_loses_no_report_and_mixes_no_kinds(signals: list[PastSignal]) -> None:
    history = told(signals)
    found = incidents_of(history, CONFIG)
    assert sum(one.reports for one in found) == len(signals)
    assert {one.kind for one in found} == {past.kind for past in signals}
    assert [one.time_us for one in found] == sorted(one.time_us for one in found)
    for kind in {past.kind for past in signals}:
        alone = history_of(*(past for past in signals if past.kind == kind))
        assert [one for one in found if one.kind == kind] == incidents_of(alone, CONFIG)


@given(signals=reports())
def test_reading_incidents_changes_nothing(signals: list[PastSignal]) -> None:
    history = told(signals)
    before = deepcopy(history)
    incidents_of(history, CONFIG)
    assert history == before


def test_only_a_request_for_help_waits_for_an_answer() -> None:
    asked = past_signal(person_signal(1, purpose=Purpose.HELP_REQUEST))
    assert asked == past_signal_of(1, purpose=Purpose.HELP_REQUEST, help_state=HelpState.OPEN)
    assert past_signal(person_signal(1)) == past_signal_of(1)


@given(signals=reports())
def test_every_report_is_found_again_by_its_id_and_no_other(signals: list[PastSignal]) -> None:
    history = told(signals)
    assert all(has_seen(history, past.signal) for past in signals)
    assert not has_seen(history, short_id(99))


def test_in_a_flood_every_repetition_is_found_and_every_list_stays_bounded() -> None:
    history = PersonHistory()
    flood = [past_signal_of(n, at_us=NOW_US + n) for n in range(1_200)]
    for past in flood:
        add(history, past, NOW_US, CONFIG)
    assert all(has_seen(history, past.signal) for past in flood)
    assert Bounds.of(history) == Bounds(200, 1_000, 0)
    assert history.dropped == 1_000
    add(history, past_signal_of(9_999, at_us=NOW_US + 9_999), NOW_US, CONFIG)
    assert Bounds.of(history) == Bounds(200, 1_000, 0)


def test_a_report_dropped_by_the_cap_is_remembered_for_the_lateness() -> None:
    history = told([past_signal_of(n, at_us=NOW_US + n) for n in range(4)], TIGHT)
    assert history.seen == [Seen(NOW_US + 7 * DAY_US, short_id(0))]
    forget_old(history, NOW_US + 7 * DAY_US, TIGHT)
    assert has_seen(history, short_id(0))
    forget_old(history, NOW_US + 7 * DAY_US + 1, TIGHT)
    assert not has_seen(history, short_id(0))


def test_what_never_entered_is_found_again_until_its_time() -> None:
    history = PersonHistory()
    remember(history, short_id(5), NOW_US, CONFIG)
    assert has_seen(history, short_id(5))
    for number in range(10):
        remember(history, short_id(number), NOW_US, TIGHT)
    assert Bounds.of(history) == Bounds(0, 4, 0)


def test_what_is_older_than_the_retention_is_left_behind() -> None:
    history = told([past_signal_of(1, at_us=days_ago(180)), past_signal_of(2)])
    forget_old(history, NOW_US, CONFIG)
    assert len(history.signals) == 2
    forget_old(history, NOW_US + 1, CONFIG)
    assert [past.signal for past in history.signals] == [short_id(2)]
    forget_old(history, NOW_US + 180 * DAY_US + 1, CONFIG)
    assert history == PersonHistory()


def histories(first: int) -> st.SearchStrategy[PersonHistory]:
    def build(signals: list[PastSignal], dropped: int, *, never: bool) -> PersonHistory:
        history = told(signals, TIGHT)
        history.pending = [
            pending_of(n, at_us=NOW_US + n) for n in range(first, first + len(signals))
        ][:3]
        history.dropped += dropped
        history.never_inform = never
        return history

    return st.builds(
        build, reports(max_size=5, first=first), st.integers(0, 3), never=st.booleans()
    )


@given(into=histories(1), other=histories(3))
def test_joining_twice_is_joining_once_and_bounded(
    into: PersonHistory, other: PersonHistory
) -> None:
    joined(into, other, NOW_US, TIGHT)
    once = deepcopy(into)
    joined(into, other, NOW_US, TIGHT)
    assert into == once
    bounds = Bounds.of(into)
    assert bounds.signals <= TIGHT.signals_max
    assert bounds.seen <= TIGHT.seen_max
    assert bounds.pending <= TIGHT.pending_joined_max


def test_joining_two_full_histories_stays_within_every_bound() -> None:
    here, there = PersonHistory(), PersonHistory()
    for history, first in ((here, 0), (there, 100)):
        for number in range(first, first + 20):
            add(history, past_signal_of(number, at_us=NOW_US + number), NOW_US, TIGHT)
            history.pending.append(pending_of(number, at_us=NOW_US + number))
    joined(here, there, NOW_US, TIGHT)
    assert Bounds.of(here) == Bounds(3, 4, 4)
    assert [pending.predicted_us - NOW_US for pending in here.pending] == [0, 1, 2, 3]


@given(one=histories(1), two=histories(50))
def test_it_does_not_matter_which_of_two_histories_joins_the_other(
    one: PersonHistory, two: PersonHistory
) -> None:
    first, second = deepcopy(one), deepcopy(two)
    roomy = HistoryConfig(signals_max=3, seen_max=50, pending_joined_max=4)
    joined(first, two, NOW_US, roomy)
    joined(second, one, NOW_US, roomy)
    assert second == first


@given(history=histories(1))
def test_joining_an_empty_history_changes_nothing(history: PersonHistory) -> None:
    before = deepcopy(history)
    before.seen.sort(key=attrgetter("until_us", "signal"))
    joined(history, PersonHistory(), NOW_US, TIGHT)
    assert history == before


def test_a_join_keeps_what_is_known_here_of_contact_and_never_takes_discretion_back() -> None:
    here = PersonHistory(area="a", safe_hours=None, never_inform=True)
    there = PersonHistory(area="b", safe_hours="09:00-17:00", never_inform=False)
    joined(here, there, NOW_US, CONFIG)
    assert (here.area, here.safe_hours, here.never_inform) == ("a", "09:00-17:00", True)


def test_a_request_answered_here_is_not_opened_again_by_an_older_copy() -> None:
    here = history_of(past_signal_of(1, help_state=HelpState.ANSWERED))
    joined(here, history_of(past_signal_of(1, help_state=HelpState.OPEN)), NOW_US, CONFIG)
    assert [past.help for past in here.signals] == [HelpState.ANSWERED]
