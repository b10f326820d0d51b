"""Our own person step inside a Quix stateful step: what a runner of someone else would give.

    python -m bench.peers.quix_core BOOTSTRAP TOPIC GROUP RECORDS

TOPIC is a person log of signals, keyed by person; what the step says (alerts, assessments, training
examples) goes to the topic GROUP-said. A model is active, as in `bench.measure_persons`.
"""

import sys
from collections.abc import Iterator
from typing import Any

from quixstreams.state import State  # type: ignore[import-not-found]  # its own environment

from bench.peers.job import Counting
from bench.peers.quix_count import run
from bench.persons import SOURCE, START_US, active_model
from schemas.codec import decoder_of, encode
from schemas.records import Activated, Activation
from schemas.state import PersonHistory
from schemas.topics import PERSON_LOG
from schemas.versioned import PERSON_HISTORY
from streams.clock import StageClock
from streams.outputs import Outputs
from streams.person_judgement import PersonConfig
from streams.person_stage import PersonStage

_KEY = "history"


class StateOfOneRecord:
    """The stage's view of Quix's state, which is that of the record's own key and no other."""

    def __init__(self) -> None:
        self.quix: Any = None

    def get(self, _key: str) -> PersonHistory | None:
        """Decode and return the history of the record's person, or None."""
        packed = self.quix.get_bytes(_KEY)
        return None if packed is None else PERSON_HISTORY.decode(packed)

    def put(self, _key: str, value: PersonHistory) -> None:
        """Encode and keep the history of the record's person."""
        self.quix.set_bytes(_KEY, PERSON_HISTORY.encode(value))

    def delete(self, _key: str) -> None:
        """Forget the record's person."""
        self.quix.delete(_KEY)

    def keys(self) -> Iterator[str]:
        """Go through no keys: Quix shows a step one key at a time."""
        return iter(())

    def __len__(self) -> int:
        return 0


def _build(app: Any, topic: str, counting: Counting) -> None:
    model, held = active_model(), StateOfOneRecord()
    stage = PersonStage(PersonConfig(), held, StageClock([SOURCE]), {model.version: model})
    stage.step(Activation(Activated.PERSON_MODEL, model.version, 1, START_US), Outputs())
    read = decoder_of(PERSON_LOG.name)

    def step(packed: bytes, state: State) -> list[bytes]:
        counting.took_one()
        held.quix, out = state, Outputs()
        stage.step(read(packed), out)
        return [encode(one) for one in (*out.alerts, *out.assessments, *out.examples)]

    source = app.topic(topic, key_deserializer="bytes", value_deserializer="bytes")
    said = app.topic(
        f"{app.config.consumer_group}-said", key_serializer="bytes", value_serializer="bytes"
    )
    app.dataframe(source).apply(step, stateful=True, expand=True).to_topic(said)


if __name__ == "__main__":
    run(sys.argv[1:], _build)
