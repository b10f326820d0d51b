"""Every measurement of the worker runs on small sizes; what it measures is not judged here."""

from collections.abc import Callable, Iterator

import pytest
from rich.console import Console

from bench.measure_worker_count import count, count_rows, filled
from bench.measure_worker_job import intake_rows, job_rows
from bench.measure_worker_latency import latency_rows
from bench.measure_worker_million import million_rows
from bench.measure_worker_process import Task
from bench.measure_worker_running import Bench, bench_of, workers
from bench.measure_worker_sizes import WORKER_QUICK
from bench.peers.watched import PeerError
from bench.results import results_of, show
from bench.rows import Row, at_least
from tests.brokers import own_broker


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A broker of its own: the latency is measured in the namespace of live topics."""
    folder = tmp_path_factory.mktemp("bench")
    with own_broker(folder) as broker:
        yield bench_of(broker, WORKER_QUICK, folder)


@pytest.mark.parametrize(
    ("measure", "names"),
    [
        (count_rows, 4),
        (job_rows, 3),
        (intake_rows, 1),
        (latency_rows, 2),
        (million_rows, 3),
    ],
)
def test_a_measurement_gives_its_rows(
    bench: Bench, measure: Callable[[Bench], list[Row]], names: int
) -> None:
    rows = measure(bench)
    assert len({row.name for row in rows}) == names
    assert all(row.figure > 0 for row in rows if row.target is not None)
    assert all(row.note for row in rows)


def test_two_workers_do_together_what_one_does(bench: Bench) -> None:
    topic = filled(bench, bench.sizes.count_records)
    assert count(bench, topic, processes=2, gated=True).records == bench.sizes.count_records


def test_a_worker_that_cannot_start_says_what_it_died_of() -> None:
    task = Task("127.0.0.1:1", "nowhere", ("count",), 1)
    with pytest.raises(PeerError, match="KafkaConnectionError"), workers([task]):
        pass


def test_the_worker_has_a_table_of_its_own() -> None:
    console = Console(width=140, record=True, quiet=False)
    row = Row("a count", 2.0, "ratio", "over a peer", at_least(1.0))
    results = results_of([], [row], quick=True)
    show(results, console)
    printed = console.export_text()
    assert results.verdicts == {"a count": "met"}
    assert "on Kafka" in printed
    assert "on one core" not in printed
    assert "1 targets met, 0 missed; small sizes" in printed
