"""What a former owner still wrote after a takeover is seen and put right again."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from faust.types import TP

from streams.worker.frames import stamp_of
from streams.worker.host import StageHost
from tests.streams.worker.changelogs import Logged
from tests.streams.worker.simulated_logs import count_job
from tests.streams.worker.simulation import CHANGELOG, LOG, Fate, Simulation, recover

Story = Callable[[Simulation, StageHost, list[Logged]], Coroutine[Any, Any, None]]


def after_a_takeover(story: Story) -> None:
    """Two owners of the same partitions, one after the other, and what the first wrote too late."""

    async def play() -> None:
        run = Simulation(count_job(seed=1), seed=1)
        former = await run.seated(run.host_of(Fate(run.chance, None)))
        await former._round({TP(LOG, 0): [*run.job.log[0][:20]]})
        changelog = run.broker.topics[CHANGELOG, 0]
        late, changelog[:] = changelog[:], changelog[:1]
        owner = await run.seated(run.host_of(Fate(run.chance, None)))
        await owner._round({TP(LOG, 0): [*run.job.log[0][:60]]})
        await story(run, owner, late)

    asyncio.run(play())


def test_only_values_older_than_the_held_ones_are_taken_for_late() -> None:
    async def story(run: Simulation, owner: StageHost, late: list[Logged]) -> None:
        for one in late:
            assert one.key is not None
            assert one.value is not None
            assert owner.wrote_before(0, one.key, one.value)
            held = owner.seats[0].state.store.get(one.key)
            assert held is not None
            assert not owner.wrote_before(0, one.key, held)
            assert not owner.wrote_before(1, one.key, one.value)
            assert not owner.wrote_before(0, b"n-unknown", one.value)

    after_a_takeover(story)


def test_what_came_late_is_named_by_the_next_recovery_and_put_right_by_a_rewrite() -> None:
    async def story(run: Simulation, owner: StageHost, late: list[Logged]) -> None:
        right = run.state()
        run.broker.append((CHANGELOG, 0), [(one.key or b"", one.value) for one in late])
        wrong = recover(run.broker, [0])[0].regressed
        assert wrong == {one.key for one in late}
        assert run.state() == right

        assert await owner.rewrite(0, sorted(wrong)) == len(late)

        assert recover(run.broker, [0])[0].regressed == set()
        last = {one.key: one.value for one in run.broker.topics[CHANGELOG, 0]}
        for one in late:
            assert stamp_of(last[one.key] or b"") > stamp_of(one.value or b"")
        assert run.state() == right

    after_a_takeover(story)


def test_nothing_is_written_again_for_keys_that_are_not_held_or_partitions_not_owned() -> None:
    async def story(run: Simulation, owner: StageHost, late: list[Logged]) -> None:
        before = len(run.broker.topics[CHANGELOG, 0])
        assert await owner.rewrite(0, [b"n-unknown"]) == 0
        assert await owner.rewrite(7, [one.key or b"" for one in late]) == 0
        assert len(run.broker.topics[CHANGELOG, 0]) == before

    after_a_takeover(story)
