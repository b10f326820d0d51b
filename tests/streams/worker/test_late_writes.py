"""What a former owner still wrote after a takeover is seen and put right again."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from faust.types import TP

from streams.worker.frames import stamp_of
from streams.worker.gaps import PlaceLostError
from streams.worker.host import StageHost
from tests.streams.worker.changelogs import Logged
from tests.streams.worker.simulated_logs import count_job
from tests.streams.worker.simulation import CHANGELOG, LOG, Fate, Simulation, TableInMemory, recover

Story = Callable[[Simulation, StageHost, list[Logged]], Coroutine[Any, Any, None]]


def after_a_takeover(story: Story) -> None:
    """Two owners of the same partitions, one after the other, and what the first wrote too late."""

    async def play() -> None:
        run = Simulation(count_job(seed=1), seed=1)
        former = await run.seated(run.host_of(Fate(run.chance, None)))
        changelog = run.broker.topics[CHANGELOG, 0]
        claim = len(changelog)
        await former._round({TP(LOG, 0): [*run.job.log[0][:20]]})
        late, changelog[:] = changelog[claim:], changelog[:claim]
        owner = await run.seated(run.host_of(Fate(run.chance, None)))
        await owner._round({TP(LOG, 0): [*run.job.log[0][:10]]})
        await story(run, owner, late)

    asyncio.run(play())


def arrive(run: Simulation, late: list[Logged]) -> set[bytes]:
    run.broker.append((CHANGELOG, 0), [(one.key or b"", one.value) for one in late])
    return {one.key or b"" for one in late}


def test_values_of_a_former_owner_are_told_from_ones_own() -> None:
    async def story(run: Simulation, owner: StageHost, late: list[Logged]) -> None:
        for one in late:
            assert one.key is not None
            assert owner.is_late(0, one.key, one.value)
            held = owner.seats[0].state.store.get(one.key)
            assert held is None or not owner.is_late(0, one.key, held)
            assert owner.is_late(0, one.key, None) == (held is not None)
            assert not owner.is_late(7, one.key, one.value)

    after_a_takeover(story)


def test_what_came_late_does_not_count_and_a_rewrite_puts_it_right() -> None:
    async def story(run: Simulation, owner: StageHost, late: list[Logged]) -> None:
        right = run.state()
        came = arrive(run, late)
        assert recover(run.broker, [0])[0].wrong == came
        assert run.state() == right

        assert await owner.rewrite(0, came) == len(came)

        assert recover(run.broker, [0])[0].wrong == set()
        last = {one.key: one.value for one in run.broker.topics[CHANGELOG, 0]}
        owners = owner.seats[0].state.generation
        assert {stamp_of(last[key] or b"").generation for key in came} == {owners}
        assert run.state() == right

    after_a_takeover(story)


def test_who_comes_next_puts_it_right_with_its_claim() -> None:
    async def story(run: Simulation, owner: StageHost, late: list[Logged]) -> None:
        right = run.state()
        arrive(run, late)
        await run.seated(run.host_of(Fate(run.chance, None)))
        assert recover(run.broker, [0])[0].wrong == set()
        assert run.state() == right

    after_a_takeover(story)


def test_a_claim_that_somebody_wrote_before_is_none() -> None:
    async def story(run: Simulation, owner: StageHost, late: list[Logged]) -> None:
        kept = recover(run.broker, run.job.log)
        arrive(run, late)
        with pytest.raises(PlaceLostError):
            await run.host_of(Fate(run.chance, None)).recovered(
                TableInMemory(kept), run.job.log, run.committed
            )

    after_a_takeover(story)


def test_nothing_is_written_again_where_nothing_is_wrong_or_for_partitions_not_owned() -> None:
    async def story(run: Simulation, owner: StageHost, late: list[Logged]) -> None:
        before = len(run.broker.topics[CHANGELOG, 0])
        assert await owner.rewrite(0, []) == 0
        assert await owner.rewrite(7, [one.key or b"" for one in late]) == 0
        assert len(run.broker.topics[CHANGELOG, 0]) == before

    after_a_takeover(story)
