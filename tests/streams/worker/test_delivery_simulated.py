"""Whatever a worker dies of, and whenever: nothing is lost, nothing counted or told twice."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import cache

import pytest
from faust.types import TP

from schemas.topics import (
    ALERTS,
    ASSESSMENTS,
    HELP_RETURNS,
    MODEL_SNAPSHOTS,
    PERSON_LOG,
    SERVICE_CLOCKS,
    TRAINING_EXAMPLES,
)
from streams.worker.frames import Stamp
from streams.worker.gaps import PlaceLostError
from streams.worker.host import Seated, StageHost, StateLostError
from streams.worker.rounds import Gathered
from streams.worker.table import Recovered
from tests.streams.worker.counting import COUNT_STATE
from tests.streams.worker.simulated_logs import Job, count_job, learner_job, town_job
from tests.streams.worker.simulation import Said, Simulation

SEEDS = 200
TOWN_SEEDS = 60
State = dict[tuple[int, bytes], bytes]


def simulated(job: Job, seed: int, kind: type[Simulation] = Simulation) -> Simulation:
    return asyncio.run(kind(job, seed).run())


def job_of(stage: str) -> Job:
    return learner_job() if stage == "learner" else town_job(stage)


@cache
def undisturbed(stage: str) -> tuple[set[Said], State]:
    """What a run without any death says and keeps."""
    run = asyncio.run(Simulation(job_of(stage), 0, deaths=0).run())
    return run.broker.said(), run.state()


def counts_of(run: Simulation) -> dict[tuple[int, str], int]:
    return {
        (number, key[1:].decode()): COUNT_STATE.decode(body).times
        for (number, key), body in run.state().items()
        if key[:1] == b"n"
    }


def counts_in(job: Job) -> Counter[tuple[int, str]]:
    return Counter(
        (number, (one.value or b"").decode()) for number, log in job.log.items() for one in log
    )


def wrong_counts(kind: type[Simulation], seeds: int = SEEDS) -> list[int]:
    """The seeds for which a count comes out wrong."""
    jobs = ((seed, count_job(seed)) for seed in range(seeds))
    return [seed for seed, job in jobs if counts_of(simulated(job, seed, kind)) != counts_in(job)]


def test_counts_are_exact_whenever_the_worker_dies() -> None:
    assert wrong_counts(Simulation) == []


def test_workers_do_die_in_these_stories_and_their_late_writes_do_land() -> None:
    runs = [simulated(count_job(seed), seed) for seed in range(30)]
    assert sum(run.died for run in runs) > 100
    assert sum(run.wrong for run in runs) > 100
    assert sum(run.lost_place for run in runs) > 5


@pytest.mark.parametrize("stage", ["person", "area", "service", "learner"])
def test_the_same_is_told_and_kept_as_if_nothing_had_happened(stage: str) -> None:
    job, (said, state) = job_of(stage), undisturbed(stage)
    for seed in range(TOWN_SEEDS):
        run = simulated(job, seed)
        assert run.broker.said() == said, f"seed {seed}: something was lost or contradicted"
        assert run.state() == state, f"seed {seed}: the state is another one"


@pytest.mark.parametrize(
    ("stage", "topics"),
    [
        ("person", {ALERTS.name, ASSESSMENTS.name, TRAINING_EXAMPLES.name}),
        ("service", {SERVICE_CLOCKS.name, HELP_RETURNS.name}),
        ("learner", {MODEL_SNAPSHOTS.name, PERSON_LOG.name}),
        ("area", {ALERTS.name, ASSESSMENTS.name}),
    ],
)
def test_there_is_something_to_lose(stage: str, topics: set[str]) -> None:
    said, _ = undisturbed(stage)
    assert topics <= {one[0] for one in said}


# ------------------------------------------------ what each rule is for: without it, it goes wrong


class StateFirst(StageHost):
    """Makes state durable before the outputs are acknowledged."""

    async def _send_outputs(self, stepped: list[Seated]) -> None:
        """Wait until the state is written."""

    async def _send_state(self, stepped: list[tuple[Seated, int]]) -> None:
        await super()._send_state(stepped)
        await super()._send_outputs([seated for seated, _ in stepped])


class StateFirstSimulation(Simulation):
    host_kind = StateFirst


def test_state_before_outputs_would_lose_what_is_told() -> None:
    job, (said, _) = town_job("person"), undisturbed("person")
    told = [simulated(job, seed, StateFirstSimulation).broker.said() for seed in range(TOWN_SEEDS)]
    assert any(one < said for one in told)


class CommitsAhead(Simulation):
    """Commits what was read, before it is durable."""

    async def take(self, host: StageHost, gathered: Gathered) -> None:
        for tp, records in gathered.items():
            self.broker.committed[tp.partition] = records[-1].offset + 1
        await super().take(host, gathered)

    def commit(self, host: StageHost) -> None:
        """Leave it at that."""


class CommitsAheadUnseen(CommitsAhead):
    def committed(self, tp: TP) -> int | None:
        """Hide it from the host, so that it does not refuse."""
        return None

    async def probe(self, _topic: str, _partition: int, wanted: int, taken: Sequence[int]) -> int:
        """Take what was passed over for a hole."""
        return taken[0] - wanted


def test_committing_past_what_is_durable_would_lose_records() -> None:
    assert wrong_counts(CommitsAheadUnseen, 40)


def test_a_host_refuses_to_go_on_past_records_that_its_state_never_saw() -> None:
    with pytest.raises(StateLostError, match="is committed, but the state on changelog goes up to"):
        wrong_counts(CommitsAhead, 40)


class Unfenced(Recovered):
    """Believes what a former owner writes after its successor has begun."""

    def _is_late(self, stamp: Stamp) -> bool:
        return False


class Unseen(Simulation):
    def committed(self, tp: TP) -> int | None:
        """Keep the host from seeing that its state went back."""
        return None

    async def probe(self, _topic: str, _partition: int, wanted: int, taken: Sequence[int]) -> int:
        """Take what was passed over for a hole."""
        return taken[0] - wanted


class UnfencedSimulation(Unseen):
    recovered_kind = Unfenced


def test_without_generations_a_worker_left_for_dead_would_undo_what_its_successor_wrote() -> None:
    assert wrong_counts(UnfencedSimulation, 80)


class TakesParts(Recovered):
    """Takes over what a chunk wrote before it was cut."""

    def _ends_chunk(self, stamp: Stamp) -> bool:
        return True

    @property
    def wrong(self) -> set[bytes]:
        return self._late


class TakesPartsSimulation(Unseen):
    recovered_kind = TakesParts


def test_without_waiting_for_the_end_of_a_chunk_records_would_count_twice() -> None:
    assert wrong_counts(TakesPartsSimulation, 40)


class CommitsAheadUncommitted(CommitsAhead):
    def committed(self, tp: TP) -> int | None:
        """Hide what was committed; the broker itself still has the records."""
        return None


def test_a_host_refuses_to_go_on_past_records_that_the_log_still_has() -> None:
    with pytest.raises(PlaceLostError, match="was never taken"):
        wrong_counts(CommitsAheadUncommitted, 40)
