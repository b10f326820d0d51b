"""When a child is started, started again and given up: the pure part of the supervisor."""

from hypothesis import given
from hypothesis import strategies as st

from forewarn.machine import restarts
from forewarn.machine.restarts import Life, Phase, RestartPolicy, Why

POLICY = RestartPolicy()
policies = st.builds(
    RestartPolicy,
    first_s=st.floats(0.01, 5),
    factor=st.floats(1, 4),
    longest_s=st.floats(5, 60),
    in_a_row_max=st.integers(1, 10),
    held_s=st.floats(1, 100),
)
codes = st.integers(-15, 255)


def crashed_at(life: Life, now_s: float, code: int, policy: RestartPolicy = POLICY) -> Life:
    return restarts.ended(restarts.started(life, now_s), now_s, code, policy, once=False)


@given(policies, st.integers(1, 100))
def test_the_pause_grows_and_has_a_bound(policy: RestartPolicy, in_a_row: int) -> None:
    assert policy.pause_s(in_a_row) <= policy.pause_s(in_a_row + 1) <= policy.longest_s


@given(policies, st.lists(codes.filter(lambda code: code != restarts.REFUSED), min_size=1))
def test_one_that_never_holds_is_given_up_after_so_many_ends(
    policy: RestartPolicy, said: list[int]
) -> None:
    life, now_s = Life(), 0.0
    for number, code in enumerate(said, start=1):
        life = crashed_at(life, now_s, code, policy)
        if number > policy.in_a_row_max:
            assert (life.phase, life.why) == (Phase.FAILED, Why.TOO_OFTEN)
            return
        assert life.phase is Phase.PAUSING
        assert life.restarts == number - 1
        now_s = life.again_s
        assert restarts.may_start(life, now_s)


@given(policies, st.integers(1, 50))
def test_one_that_holds_each_time_is_never_given_up(policy: RestartPolicy, ends: int) -> None:
    life, now_s = Life(), 0.0
    for _ in range(ends):
        life = restarts.became_ready(restarts.started(life, now_s), now_s)
        now_s += policy.held_s + 1
        life = restarts.ended(life, now_s, -9, policy, once=False)
        assert life.phase is Phase.PAUSING
        assert life.in_a_row == 1
        now_s = life.again_s
    assert life.restarts == ends - 1


@given(policies, st.floats(0, 1e6), codes)
def test_it_is_not_started_before_its_pause_is_over(
    policy: RestartPolicy, now_s: float, code: int
) -> None:
    life = crashed_at(Life(was_ready=True), now_s, code, policy)
    assert life.phase is Phase.PAUSING
    assert not restarts.may_start(life, now_s + policy.pause_s(1) / 2)
    assert restarts.may_start(life, life.again_s)


def test_one_that_refuses_at_its_first_start_is_not_started_again() -> None:
    life = crashed_at(Life(), 1.0, restarts.REFUSED)
    assert (life.phase, life.why) == (Phase.FAILED, Why.REFUSED)


def test_one_that_served_and_then_refuses_is_tried_again() -> None:
    assert crashed_at(Life(was_ready=True), 1.0, restarts.REFUSED).phase is Phase.PAUSING


@given(codes)
def test_what_was_told_to_stop_is_stopped_whatever_it_says(code: int) -> None:
    life = restarts.told_to_stop(restarts.started(Life(), 0.0), 1.0)
    assert restarts.ended(life, 2.0, code, POLICY, once=False).phase is Phase.STOPPED


def test_what_waits_or_pauses_is_stopped_at_once_and_never_started() -> None:
    for life in (Life(), crashed_at(Life(), 0.0, 1)):
        stopped = restarts.told_to_stop(life, 1.0)
        assert stopped.phase is Phase.STOPPED
        assert not restarts.may_start(stopped, 1e9)


@given(codes)
def test_a_job_is_done_with_zero_and_else_tried_again(code: int) -> None:
    life = restarts.ended(restarts.started(Life(was_ready=True), 0.0), 1.0, code, POLICY, once=True)
    assert life.phase is (Phase.DONE if code == 0 else Phase.PAUSING)
