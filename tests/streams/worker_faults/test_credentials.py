"""Credentials that are wrong at the start, or revoked under a running worker: named, and an end."""

from dataclasses import replace
from pathlib import Path

from kafka.admin import ScramMechanism, UserScramCredentialDeletion

from streams.cluster.connect import Security
from tests.brokers import own_broker
from tests.streams.worker_faults.running import (
    Space,
    admin_of,
    ended_of,
    put_good,
    space_on,
    wait_for_good,
    worker_process,
)

USERS = {"admin": "admin-secret", "worker": "worker-secret"}


def test_wrong_and_revoked_credentials_are_named_and_nothing_is_lost(tmp_path: Path) -> None:
    with own_broker(tmp_path / "broker", security=Security.SASL_SSL, users=USERS) as broker:
        ours = space_on(broker)
        theirs = Space(broker.connection("worker"), ours.namespace)
        wrong = Space(replace(theirs.connection, password="not-the-word"), ours.namespace)
        refused = ended_of(wrong, tmp_path)
        assert refused.code == 2
        assert "refused the credentials of 'worker'" in refused.last
        assert "not-the-word" not in refused.last

        put_good(ours, range(10))
        with worker_process(theirs, tmp_path) as worker:
            wait_for_good(ours, 10)
            with admin_of(ours) as admin:
                gone = UserScramCredentialDeletion("worker", ScramMechanism.SCRAM_SHA_512)
                admin.alter_user_scram_credentials([gone])
            ended = worker.ended()
        assert ended.code == 70
        assert "refused the credentials of 'worker'" in ended.last
        assert "check user name, password file" in ended.last

        put_good(ours, range(10, 20))
        with worker_process(ours, tmp_path) as worker:
            wait_for_good(ours, 20)
            assert worker.stopped().code == 0
