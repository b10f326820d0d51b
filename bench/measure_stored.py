"""Latency to the store: from sending a record to the feed to having its alert's row committed.

Rules: the same live run as for the alerts topic, with `forewarn project` beside the worker and a
store on SQLite; the row is looked for as the live stream of the API does, by its change.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from alerts.store.migrating import open_store
from alerts.store.reading import Reading
from bench.measure_worker_latency import Timed, live_rows
from bench.measure_worker_running import Bench
from bench.peers.watched import PeerError
from bench.rows import Row
from streams.cluster.connect import Connection
from streams.cluster.provision import create

P50_MS_MAX = 40.0
P99_MS_MAX = 120.0
_READY_S_MAX = 60.0
_LOOK_S = 0.002


def stored_rows(bench: Bench) -> list[Row]:
    """Measure how long an alert takes to its row."""
    create(Connection((bench.bootstrap,)), "", replication=1)
    url = f"sqlite:///{bench.folder}/latency.db"
    engine = open_store(url)
    try:
        with _projector(url, bench.bootstrap, bench.folder):
            what = "alert's row in the store"
            return live_rows(bench, what, partial(_from_store, engine), P50_MS_MAX, P99_MS_MAX)
    finally:
        engine.dispose()


@contextmanager
def _projector(url: str, bootstrap: str, folder: Path) -> Iterator[None]:
    """Run `forewarn project` on the live topics until the block ends."""
    environment = {
        **os.environ,
        "FOREWARN_STORE": url,
        "FOREWARN_KAFKA_BOOTSTRAP": bootstrap,
        "FOREWARN_NAMESPACE": "",
    }
    said = folder / "projector.log"
    with said.open("wb") as log:
        command = (sys.executable, "-m", "forewarn", "project", "--metrics-port", "0")
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        until = time.monotonic() + _READY_S_MAX
        while "projector: running" not in said.read_text(encoding="utf-8"):
            if time.monotonic() > until or process.poll() is not None:
                raise PeerError(f"no projector: {said.read_text(encoding='utf-8')[-500:]}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_READY_S_MAX)


@asynccontextmanager
async def _from_store(engine: Engine, timed: Timed) -> AsyncIterator[Awaitable[None]]:
    yield _read_rows(Reading(engine), timed)


async def _read_rows(reading: Reading, timed: Timed) -> None:
    last = 0
    while True:
        changes = await asyncio.to_thread(reading.alerts_after, last)
        now_s = time.perf_counter()
        for change in changes.rows:
            timed.told(change.view.alert, now_s)
        last = changes.last
        await asyncio.sleep(_LOOK_S)
