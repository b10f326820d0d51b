"""An episode: one id, a revision that only rises, a level that never falls, and its dates."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.episodes import (
    EpisodePolicy,
    alert_id_of,
    begins_anew,
    closed,
    fell_due,
    next_due_us,
    opened,
    updated,
)
from alerts.policy import Decision
from schemas.outcomes import Change
from schemas.state import Episode
from schemas.taxonomy import Level, Scope, rank_of
from schemas.times import DAY_US
from tests.builders import AREA, NOW_US, reason

POLICY = EpisodePolicy()
NOTHING = Decision(None, "below_thresholds")


def decided(level: Level, *codes: str) -> Decision:
    reasons = tuple(reason(code, level) for code in codes or ("why",))
    return Decision(level, reasons[0].code, reasons)


def episode_of(level: Level = Level.YELLOW, policy: EpisodePolicy = POLICY) -> Episode:
    return opened(
        kind=0,
        alert_id="alert",
        area=AREA,
        now_us=NOW_US,
        decision=decided(level),
        policy=policy,
    )


def day(days: float) -> int:
    return NOW_US + round(days * DAY_US)


decisions = st.one_of(
    st.just(NOTHING),
    st.builds(decided, st.sampled_from(Level), st.sampled_from("abcdefghijklmnopqrstuvwxyz")),
)
events = st.lists(
    st.tuples(
        st.sampled_from(("evidence", "evidence", "time", "closed")),
        decisions,
        st.integers(0, 40 * DAY_US),
    ),
    max_size=25,
)


@given(first=st.sampled_from(Level), story=events)
def test_through_any_story_the_revision_only_rises_and_the_level_never_falls(
    first: Level, story: list[tuple[str, Decision, int]]
) -> None:
    episode, now_us = episode_of(first), NOW_US
    for what, decision, pause_us in story:
        now_us += pause_us
        if begins_anew(episode, now_us, POLICY):
            break
        before = deepcopy(episode)
        change = None
        if what == "evidence":
            change = updated(episode, decision, now_us, POLICY)
        elif what == "time":
            change = fell_due(episode, now_us, POLICY)
        else:
            closed(episode, now_us)
        assert episode.revision == before.revision + (change is not None)
        assert episode.level >= max(before.level, rank_of(first))
        assert episode.alert_id == before.alert_id
        assert episode.opened_us == before.opened_us
        assert episode.updated_us >= before.updated_us
        assert set(before.reasons) <= set(episode.reasons)
        assert len(set(episode.reasons)) == len(episode.reasons) <= POLICY.reasons_max


@given(first=st.sampled_from(Level), story=events)
def test_whatever_falls_due_is_announced_and_nothing_falls_due_before(
    first: Level, story: list[tuple[str, Decision, int]]
) -> None:
    episode, now_us = episode_of(first), NOW_US
    for what, decision, pause_us in story:
        due_us = next_due_us(episode, POLICY)
        if now_us < due_us - 1:
            assert fell_due(episode, due_us - 1, POLICY) is None
        if episode.open:
            assert fell_due(deepcopy(episode), due_us, POLICY) is not None
        now_us += pause_us
        if begins_anew(episode, now_us, POLICY):
            break
        if what == "evidence":
            updated(episode, decision, now_us, POLICY)
        elif what == "time":
            fell_due(episode, now_us, POLICY)
        else:
            closed(episode, now_us)


def test_a_new_episode_is_at_revision_one_with_its_reasons() -> None:
    episode = opened(
        kind=3,
        alert_id="alert",
        area=AREA,
        now_us=NOW_US,
        decision=decided(Level.ORANGE, "a", "b", "a"),
        policy=POLICY,
    )
    assert episode == Episode(
        3, "alert", 1, rank_of(Level.ORANGE), NOW_US, NOW_US, AREA, ["a", "b"]
    )


@pytest.mark.parametrize(
    ("before", "now", "change", "after"),
    [
        (Level.YELLOW, Level.RED, Change.LEVEL_RAISED, Level.RED),
        (Level.YELLOW, Level.YELLOW, Change.EVIDENCE_ADDED, Level.YELLOW),
        (Level.RED, Level.BLUE, Change.EVIDENCE_ADDED, Level.RED),
        (Level.BLUE, None, Change.EVIDENCE_ADDED, Level.BLUE),
    ],
)
def test_new_evidence_in_an_open_episode_has_a_named_change(
    before: Level, now: Level | None, change: Change, after: Level
) -> None:
    episode = episode_of(before)
    decision = NOTHING if now is None else decided(now, "new")
    assert updated(episode, decision, day(1), POLICY) is change
    assert (episode.level, episode.revision) == (rank_of(after), 2)
    assert episode.updated_us == day(1)


def test_a_closed_episode_without_new_danger_says_nothing_and_stays_as_it_is() -> None:
    episode = episode_of()
    closed(episode, day(1))
    before = deepcopy(episode)
    assert updated(episode, NOTHING, day(2), POLICY) is None
    assert fell_due(episode, day(365), POLICY) is None
    assert episode == before


def test_new_danger_soon_after_a_close_reopens_the_same_alert() -> None:
    episode = episode_of(Level.ORANGE)
    closed(episode, day(1))
    assert updated(episode, decided(Level.BLUE), day(2), POLICY) is Change.REOPENED
    assert episode.open
    assert (episode.level, episode.revision) == (rank_of(Level.ORANGE), 2)


def test_the_window_to_reopen_ends_as_the_next_episode_may_begin() -> None:
    episode = episode_of()
    closed(episode, day(1))
    ends_us = day(1 + POLICY.reopen_days)
    assert not begins_anew(episode, ends_us, POLICY)
    assert begins_anew(episode, ends_us + 1, POLICY)
    assert next_due_us(episode, POLICY) == ends_us + 1


def test_an_open_episode_never_gives_way_to_another() -> None:
    assert not begins_anew(episode_of(), day(10_000), POLICY)


def test_an_idle_episode_expires_on_its_day_and_not_before() -> None:
    policy = EpisodePolicy(idle_days=90, recheck_days=())
    episode = episode_of(policy=policy)
    assert next_due_us(episode, policy) == day(90)
    assert fell_due(episode, day(90) - 1, policy) is None
    assert fell_due(episode, day(90), policy) is Change.EXPIRED
    assert not episode.open
    assert episode.revision == 2
    assert not begins_anew(episode, day(120), policy)
    assert begins_anew(episode, day(120) + 1, policy)


def test_new_evidence_begins_the_idle_days_again() -> None:
    policy = EpisodePolicy(idle_days=90, recheck_days=())
    episode = episode_of(policy=policy)
    updated(episode, decided(Level.YELLOW), day(80), policy)
    assert fell_due(episode, day(169.99), policy) is None
    assert fell_due(episode, day(170), policy) is Change.EXPIRED


def test_each_recheck_falls_due_once_at_its_day_after_the_opening() -> None:
    episode = episode_of()
    updated(episode, decided(Level.YELLOW), day(5), POLICY)
    assert next_due_us(episode, POLICY) == day(7)
    assert fell_due(episode, day(7) - 1, POLICY) is None
    assert fell_due(episode, day(7), POLICY) is Change.RECHECK_DUE
    assert fell_due(episode, day(8), POLICY) is None
    assert next_due_us(episode, POLICY) == day(30)
    assert fell_due(episode, day(30), POLICY) is Change.RECHECK_DUE
    assert next_due_us(episode, POLICY) == day(5 + 90)


def test_a_recheck_is_no_evidence_and_does_not_prolong_the_episode() -> None:
    episode = episode_of()
    fell_due(episode, day(7), POLICY)
    assert episode.updated_us == NOW_US
    assert fell_due(episode, day(90), POLICY) is Change.EXPIRED


def test_two_rechecks_missed_together_are_one_revision() -> None:
    episode = episode_of()
    assert fell_due(episode, day(40), POLICY) is Change.RECHECK_DUE
    assert (episode.revision, episode.rechecks) == (2, 2)
    assert next_due_us(episode, POLICY) == day(90)


def test_rechecks_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="recheck_days must rise"):
        EpisodePolicy(recheck_days=(30, 7))


@given(
    parts=st.lists(
        st.tuples(st.sampled_from(Scope), st.text(max_size=8), st.text(max_size=8)),
        min_size=2,
        max_size=2,
        unique=True,
    ).filter(lambda parts: not any("\x1f" in text for _, *texts in parts for text in texts))
)
def test_each_trigger_names_one_alert_of_its_own(parts: list[tuple[Scope, str, str]]) -> None:
    one, two = (alert_id_of(*part) for part in parts)
    assert one != two
    assert one == alert_id_of(*parts[0])
    assert len(one) == 32


def test_reasons_are_bounded() -> None:
    policy = EpisodePolicy(reasons_max=2)
    episode = episode_of(policy=policy)
    for code in "abc":
        updated(episode, decided(Level.RED, code), day(1), policy)
    assert episode.reasons == ["why", "a"]
    assert episode.revision == 4
