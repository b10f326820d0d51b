"""Whatever a worker dies of, and whenever: nothing is lost, nothing counted or told twice."""

import asyncio
from collections import Counter
from functools import cache

import msgspec
import pytest

from bench.count_stage import COUNT_STATE
from schemas.topics import ALERTS, ASSESSMENTS, SERVICE_CLOCKS, TRAINING_EXAMPLES
from tests.streams.worker.simulated_logs import Job, count_job, town_job
from tests.streams.worker.simulation import Said, Simulation

SEEDS = 200
TOWN_SEEDS = 60
State = dict[tuple[int, bytes], bytes]


def simulated(job: Job, seed: int, kind: type[Simulation] = Simulation) -> Simulation:
    return asyncio.run(kind(job, seed).run())


@cache
def undisturbed(stage: str) -> tuple[set[Said], State]:
    """What a run without any death says and keeps."""
    run = asyncio.run(Simulation(town_job(stage), 0, deaths=0).run())
    return run.broker.said(), run.state()


def counts_of(run: Simulation) -> dict[tuple[int, str], int]:
    return {
        (number, key[1:].decode()): COUNT_STATE.decode(body).count
        for (number, key), body in run.state().items()
        if key[:1] == b"n"
    }


def counts_in(job: Job) -> Counter[tuple[int, str]]:
    return Counter(
        (number, msgspec.json.decode(one.value or b"")["key"])
        for number, log in job.log.items()
        for one in log
    )


def wrong_counts(kind: type[Simulation], seeds: int = SEEDS) -> list[int]:
    """The seeds for which a count comes out wrong."""
    jobs = ((seed, count_job(seed)) for seed in range(seeds))
    return [seed for seed, job in jobs if counts_of(simulated(job, seed, kind)) != counts_in(job)]


def test_counts_are_exact_whenever_the_worker_dies() -> None:
    assert wrong_counts(Simulation) == []


def test_the_worker_does_die_in_these_stories() -> None:
    runs = [simulated(count_job(seed), seed) for seed in range(20)]
    assert sum(run.died for run in runs) > 60


@pytest.mark.parametrize("stage", ["person", "service", "area"])
def test_the_same_is_told_and_kept_as_if_nothing_had_happened(stage: str) -> None:
    job, (said, state) = town_job(stage), undisturbed(stage)
    for seed in range(TOWN_SEEDS):
        run = simulated(job, seed)
        assert run.broker.said() == said, f"seed {seed}: something was lost or contradicted"
        assert run.state() == state, f"seed {seed}: the state is another one"


@pytest.mark.parametrize(
    ("stage", "topics"),
    [
        ("person", {ALERTS.name, ASSESSMENTS.name, TRAINING_EXAMPLES.name}),
        ("service", {SERVICE_CLOCKS.name}),
        ("area", {ALERTS.name}),
    ],
)
def test_there_is_something_to_lose(stage: str, topics: set[str]) -> None:
    said, state = undisturbed(stage)
    assert topics <= {one[0] for one in said}
    assert len(state) > 10
