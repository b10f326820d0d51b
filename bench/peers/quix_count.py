"""The Quix Streams peer: one stateful step, RocksDB and a changelog; and the runner of such steps.

    python -m bench.peers.quix_count BOOTSTRAP TOPIC GROUP RECORDS

Runs in an environment of its own (`bench.peers.quix_environment`): counts the records of TOPIC,
commits and ends. The step is one function, so another one takes its place (`quix_core`).
"""

import sys
import tempfile
from collections.abc import Callable
from typing import Any

# Both are there in the peer's own environment only.
from quixstreams import Application  # type: ignore[import-not-found]  # its own environment
from quixstreams.state import State  # type: ignore[import-not-found]  # its own environment

from bench.peers.job import Counting, counted

COMMIT_S = 1.0
_KEY = "counts"


def app_of(bootstrap: str, group: str, folder: str) -> Any:
    """Return the application; it makes its changelog topics itself."""
    return Application(
        broker_address=bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        commit_interval=COMMIT_S,
        state_dir=folder,
        loglevel="WARNING",
    )


def run(arguments: list[str], build: Callable[[Any, str, Counting], None]) -> None:
    """Build the stream on a topic, run it until the number of records is counted, and say so.

    Quix's own `count` counts what comes out of a stream, not what goes in.
    """
    bootstrap, topic, group, records = arguments
    with tempfile.TemporaryDirectory() as folder:
        app = app_of(bootstrap, group, folder)
        counting = Counting(int(records), app.stop)
        build(app, topic, counting)
        app.run()
    counting.say()


def _build(app: Any, topic: str, counting: Counting) -> None:
    def step(record: dict[str, Any], state: State) -> None:
        counting.took_one()
        state.set_bytes(_KEY, counted(state.get_bytes(_KEY), record["id"]))

    source = app.topic(topic, key_deserializer="bytes", value_deserializer="json")
    app.dataframe(source).update(step, stateful=True)


if __name__ == "__main__":
    run(sys.argv[1:], _build)
