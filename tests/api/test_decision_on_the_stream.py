"""An officer's decision, from its answer through the relay and the log to everybody's stream."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from alerts.store.reading import Reading
from alerts.store.tokens import Role
from forewarn.broker.broker import Broker
from schemas.areas import Directory
from schemas.codec import decoder_of
from schemas.records import Action, Transition
from schemas.topics import PERSON_LOG
from tests.api.serving import OWN_COUNTY, filled, running, wait_until
from tests.api.streams import listening
from tests.streams.cluster.clusters import kept_on, made_namespace
from tests.streams.projector.projections import options, run_until

PROMPT_S_MAX = 3.0
FIRST = f"{1:032x}"


def test_a_decision_is_on_the_log_and_on_every_stream_promptly(
    broker: Broker, engine: Engine
) -> None:
    namespace = made_namespace(broker)
    filled(engine)
    told = options(broker, namespace, engine, directory=Directory())
    over = threading.Event()
    with ThreadPoolExecutor(1) as aside, running(engine) as served:
        projecting = aside.submit(run_until, told, over.is_set)
        try:
            with (
                listening(served, served.token(Role.OFFICER, OWN_COUNTY)) as ear,
                served.client(served.token(Role.OFFICER)) as officer,
            ):
                assert ear.hear().event == "ready"
                for action, body in (
                    ("acknowledged", {"action": "acknowledge"}),
                    ("closed", {"action": "close", "outcome": "averted"}),
                ):
                    answer = officer.post(f"/v1/alerts/{FIRST}/transitions", json=body)
                    answered_s = time.monotonic()
                    heard = ear.hear()
                    assert time.monotonic() - answered_s < PROMPT_S_MAX
                    assert answer.json()["state"] == action
                    assert heard.data["what"] == action
                    assert heard.data["view"]["state"] == action
                    assert heard.data["view"]["alert"]["alert_id"] == FIRST
            wait_until(lambda: Reading(engine).outbox_depth() == 0)
        finally:
            over.set()
        projecting.result()
    read = decoder_of(PERSON_LOG.name)
    sent = [read(one.value or b"") for one in kept_on(broker, namespace, [PERSON_LOG.name])]
    assert [one.action for one in sent if isinstance(one, Transition)] == [
        Action.ACKNOWLEDGED,
        Action.CLOSED,
    ]
