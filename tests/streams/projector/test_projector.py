"""The projector on a real broker, into both databases: the whole way, crashes, poison, rebuilds."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from alerts.store.decisions import Decisions, Done
from alerts.store.engine import open_engine
from alerts.store.lifecycle import HandlingLimits
from alerts.store.migrating import migrate, open_store
from alerts.store.own_tables import AUDIT, OUTBOX, TRANSITIONS
from alerts.store.projection import BusyError, Projection
from alerts.store.reading import Reading
from alerts.store.rebuilding import faults
from alerts.store.tables import POISONED, REVISIONS
from alerts.store.writing import Writer
from forewarn.broker.broker import Broker
from schemas.codec import decoder_of, encode
from schemas.records import Action, Transition
from schemas.taxonomy import Kind, Outcome, Scope
from schemas.times import local_day
from schemas.topics import ALERTS, AREA_LOG, PERSON_LOG
from streams.cluster.connect import Connection
from streams.partitions import of_area, of_hex
from streams.projector.projector import Projector, ProjectorError, ProjectorOptions
from streams.projector.rebuild import read_through
from streams.projector.source import AheadError
from streams.worker.routing import Batches
from tests.alerts.store.stores import GRID, alert, alert_id, rows_of, states_of, tell
from tests.builders import NOW_US, PERSON, person_signal, signal_id
from tests.postgres import own_postgres
from tests.streams.cluster.clusters import PARTITIONS, kept_on, made_namespace, put
from tests.streams.projector.projections import (
    MODEL,
    MOVED_TO,
    REPORTED_AREA,
    REPORTS,
    WAIT_S_MAX,
    all_read,
    history,
    options,
    projected,
    run_until,
    town,
)

PARTS = 2


def test_everything_on_the_topics_is_found_in_the_store(broker: Broker, engine: Engine) -> None:
    namespace, batches = made_namespace(broker), history()
    put(broker, namespace, batches)
    projector = run_until(options(broker, namespace, engine), all_read(engine, batches))
    counts = {name: len(rows) for name, rows in projected(engine).items()}
    assert counts["revisions"] == 57
    assert counts["assessments"] == 39
    assert counts["events"] == REPORTS
    assert counts["poisoned"] == 0
    reading = Reading(engine)
    event = reading.event(signal_id(3))
    assert event is not None
    assert (event.person, event.area, event.line[-1]) == (MOVED_TO, REPORTED_AREA, REPORTED_AREA)
    day = local_day(NOW_US, town().time_zone)
    for area in event.line:
        (counted,) = reading.series(area, Kind.FAMILY_DISPUTE, day, day)
        assert counted.reports == REPORTS
    assert [(one.model_version, one.active) for one in reading.models()] == [(MODEL, True)]
    assert faults(engine) == []
    registry = projector.meters.registry
    written = registry.get_sample_value("forewarn_projected_rows_total", {"table": "events"})
    assert written in range(REPORTS, 2 * REPORTS + 1)  # both logs' words on a report, or one row
    assert registry.get_sample_value("forewarn_projector_lag_records", {"topic": ALERTS.name}) == 0


def test_read_again_from_the_beginning_nothing_is_counted_twice(
    broker: Broker, engine: Engine
) -> None:
    namespace, batches = made_namespace(broker), history()
    put(broker, namespace, batches)
    put(broker, namespace, batches)  # as an intake and stages that came back after a crash would
    twice = {place: records * 2 for place, records in batches.items()}
    run_until(options(broker, namespace, engine), all_read(engine, twice))
    counts = {name: len(rows) for name, rows in projected(engine).items()}
    assert (counts["revisions"], counts["events"]) == (57, REPORTS)
    day = local_day(NOW_US, town().time_zone)
    (counted,) = Reading(engine).series("9901", Kind.FAMILY_DISPUTE, day, day)
    assert counted.reports == REPORTS


def test_what_cannot_be_read_or_written_is_put_aside_and_stalls_nothing(
    broker: Broker, engine: Engine
) -> None:
    namespace = made_namespace(broker)
    impossible = person_signal(5, at_us=2**62)
    records = [
        (b"", b"{not json"),
        (b"", encode(alert(1))),
        (b"", b'{"type":"from_another_time"}'),
        (b"", encode(alert(2, subject="b" * 32))),
    ]
    batches = {
        (ALERTS.name, 0): records,
        (PERSON_LOG.name, 0): [(b"", encode(impossible)), (b"", encode(person_signal(6)))],
    }
    put(broker, namespace, batches)
    projector = run_until(options(broker, namespace, engine), all_read(engine, batches))
    assert states_of(engine) == {"1": "new*", "2": "new*"}
    aside = [(row["topic"], row["record_offset"]) for row in rows_of(engine, POISONED)]
    assert aside == [(ALERTS.name, 0), (ALERTS.name, 2), (PERSON_LOG.name, 0)]
    assert all(row["reason"] and row["bytes"] for row in rows_of(engine, POISONED))
    assert Reading(engine).event(signal_id(6)) is not None
    counted = projector.meters.registry.get_sample_value(
        "forewarn_projector_put_aside_records_total", {"topic": ALERTS.name}
    )
    assert counted == 2


def test_killed_and_started_again_it_leaves_the_same_rows(
    broker: Broker, store_url: str, tmp_path: Path
) -> None:
    """Killed three times at moments of no choosing, against one that ran through."""
    namespace, batches = made_namespace(broker), history()
    engine = store_of(store_url, namespace)
    done = all_read(engine, batches)
    log = tmp_path / "project.log"
    running = started(broker, namespace, store_url, tmp_path)
    for part in range(PARTS):
        before = len(rows_of(engine, REVISIONS))
        put(broker, namespace, part_of(batches, part))
        waited(lambda: len(rows_of(engine, REVISIONS)) > before, "nothing was read")  # noqa: B023  # waited for here and now
        running.kill()
        running.wait(WAIT_S_MAX)
        running = started(broker, namespace, store_url, tmp_path)
    waited(lambda: log.read_bytes().count(b"running;") > PARTS and done(), "it did not catch up")
    running.send_signal(signal.SIGTERM)
    assert running.wait(WAIT_S_MAX) == 0
    through = open_store(f"sqlite:///{tmp_path}/through.db", namespace)
    run_until(options(broker, namespace, through), all_read(through, batches))
    killed, whole = projected(engine), projected(through)
    through.dispose()
    engine.dispose()
    assert killed == whole


def store_of(url: str, namespace: str) -> Engine:
    """A store with its tables, of a namespace."""
    bare = open_engine(url)
    migrate(bare)
    bare.dispose()
    return open_store(url, namespace)


def part_of(batches: Batches, part: int) -> Batches:
    """One of a few parts of what is on each partition, in its order."""
    return {
        place: records[part * len(records) // PARTS : (part + 1) * len(records) // PARTS]
        for place, records in batches.items()
    }


def started(
    broker: Broker, namespace: str, store_url: str, folder: Path
) -> "subprocess.Popen[bytes]":
    """A projector as a process of its own."""
    areas = folder / "areas.json"
    areas.write_bytes((Path(__file__).parents[2] / "golden" / "areas.json").read_bytes())
    words = ["project", "--store", store_url, "--areas", str(areas), "--metrics-port", "0"]
    with (folder / "project.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "forewarn", *words],
            env={
                **os.environ,
                "FOREWARN_KAFKA_BOOTSTRAP": broker.bootstrap,
                "FOREWARN_NAMESPACE": namespace,
            },
            stdout=log,
            stderr=log,
        )


def waited(done: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + WAIT_S_MAX
    while not done():
        assert time.monotonic() < until, otherwise
        time.sleep(0.02)


def test_a_rebuilt_store_is_equal_and_keeps_its_own_decisions(
    broker: Broker, engine: Engine
) -> None:
    namespace, batches = made_namespace(broker), history()
    put(broker, namespace, batches)
    told = options(broker, namespace, engine)
    run_until(told, all_read(engine, batches))
    chosen = next(row["alert_id"] for row in rows_of(engine) if row["open"])
    decisions = Decisions(engine)
    assert isinstance(decisions.acknowledge(chosen, by="t", now_us=NOW_US), Done)
    assert isinstance(decisions.close(chosen, Outcome.AVERTED, by="t", now_us=NOW_US), Done)
    run_until(told, lambda: Reading(engine).outbox_depth() == 0)
    before = projected(engine)
    own = [rows_of(engine, table) for table in (AUDIT, OUTBOX, TRANSITIONS)]
    followed = Reading(engine).sequence()

    with Projection(engine, Writer(town(), HandlingLimits(), feed=False)) as projection:
        projection.empty()
        assert rows_of(engine) == []
        asyncio.run(read_through(told, projection))
        projection.broken_feed()

    assert projected(engine) == before
    assert [rows_of(engine, table) for table in (AUDIT, OUTBOX, TRANSITIONS)] == own
    assert Reading(engine).alerts_after(followed).lost
    assert not Reading(engine).alerts_after(Reading(engine).sequence()).lost


@pytest.mark.parametrize("scope", [Scope.PERSON, Scope.AREA])
def test_a_decision_reaches_the_log_that_decides_once_and_as_stages_read_it(
    broker: Broker, engine: Engine, scope: Scope
) -> None:
    namespace = made_namespace(broker)
    subject = PERSON if scope is Scope.PERSON else "440703"
    batches = {(ALERTS.name, 0): [(b"", encode(alert(1, scope=scope, subject=subject)))]}
    put(broker, namespace, batches)
    told = options(broker, namespace, engine)
    run_until(told, all_read(engine, batches))
    done = Decisions(engine).close(alert_id(1), Outcome.AVERTED, by="t", now_us=NOW_US)
    assert isinstance(done, Done)
    run_until(told, lambda: Reading(engine).outbox_depth() == 0)
    run_until(told, lambda: True)
    (record,) = kept_on(broker, namespace, [PERSON_LOG.name, AREA_LOG.name])
    log = PERSON_LOG if scope is Scope.PERSON else AREA_LOG
    place = of_hex(PERSON, PARTITIONS) if log is PERSON_LOG else of_area(GRID, town(), PARTITIONS)
    assert (record.topic, record.partition) == (log.name, place)
    assert decoder_of(log.name)(record.value or b"") == Transition(
        done.transition_id,
        scope,
        subject,
        Action.CLOSED,
        NOW_US,
        alert_id=alert_id(1),
        outcome=Outcome.AVERTED,
    )


def test_a_store_that_is_ahead_of_its_topics_is_refused(broker: Broker, engine: Engine) -> None:
    with Projection(engine, Writer(town(), HandlingLimits())) as projection:
        projection.write([], [], {(ALERTS.name, 0): 10})
    told = options(broker, made_namespace(broker), engine)
    with pytest.raises(AheadError, match="store rebuild"):
        run_until(told, lambda: False)


def test_two_projectors_do_not_share_a_store(broker: Broker, engine: Engine) -> None:
    with (
        Projection(engine, Writer(town(), HandlingLimits())),
        pytest.raises(BusyError, match="one at a time"),
        Projection(engine, Writer(town(), HandlingLimits())),
    ):
        pass
    tell(engine, alert(1))
    assert states_of(engine) == {"1": "new*"}


def test_a_database_that_restarts_is_waited_for_and_nothing_is_lost(broker: Broker) -> None:
    namespace = made_namespace(broker)
    first = {(ALERTS.name, 0): [(b"", encode(alert(1)))]}
    second = {(ALERTS.name, 0): [(b"", encode(alert(2, subject="b" * 32)))]}
    both = {place: first[place] + second[place] for place in first}
    put(broker, namespace, first)
    with own_postgres() as server:
        engine = store_of(server.create(), namespace)
        read, all_of_it = all_read(engine, first), all_read(engine, both)
        restarted = threading.Event()

        def restart() -> None:
            waited(read, "the first alert was not read")
            server.stop()
            server.run()
            put(broker, namespace, second)
            restarted.set()
            waited(all_of_it, "the second alert was not read")

        # The server ends with the thread that started it, so that is this one.
        with ThreadPoolExecutor(1) as aside:
            told = options(broker, namespace, engine, away_s_max=30.0)
            running = aside.submit(run_until, told, lambda: restarted.is_set() and all_of_it())
            restart()
            projector = running.result(WAIT_S_MAX)
        assert states_of(engine) == {"1": "new*", "2": "new*"}
        engine.dispose()
    failures = {"what": "store"}
    name = "forewarn_projector_failures_total"
    assert (projector.meters.registry.get_sample_value(name, failures) or 0) >= 1


def test_a_cluster_that_stays_away_ends_it_with_what_it_waited_for(engine: Engine) -> None:
    away = ProjectorOptions(Connection(("127.0.0.1:9",)), "", engine, town(), away_s_max=0.5)
    with pytest.raises(ProjectorError, match="nobody listens"):
        asyncio.run(Projector(away).run(asyncio.Event()))


def test_a_store_that_stays_away_ends_the_command_with_70_and_a_last_line(
    broker: Broker, tmp_path: Path
) -> None:
    running = subprocess.run(
        [sys.executable, "-m", "forewarn", "project", "--metrics-port", "0", "--away-s", "1",
         "--store", f"postgresql://nobody@/none?host={tmp_path}"],
        env={**os.environ, "FOREWARN_KAFKA_BOOTSTRAP": broker.bootstrap},
        capture_output=True,
        text=True,
        timeout=WAIT_S_MAX,
        check=False,
    )  # fmt: skip
    assert running.returncode == 70
    assert "is the database running" in running.stderr.splitlines()[-1]
