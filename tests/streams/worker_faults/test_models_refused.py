"""Bodies of models that must not be used: refused and named, while the last good one stays."""

from hashlib import sha256
from pathlib import Path

from msgspec.structs import replace

from detectors.person_model import PersonLearner, PersonModelConfig, snapshot_of
from forewarn.broker.broker import Broker
from schemas.codec import encode
from schemas.outcomes import Assessment
from schemas.records import Activated, Activation
from schemas.topics import ASSESSMENTS, MODEL_SNAPSHOTS, PERSON_LOG
from tests.builders import NOW_US
from tests.streams.worker_faults.running import (
    PARTITIONS,
    Sent,
    Space,
    put,
    put_good,
    read_as,
    space_on,
    wait_for_good,
    worker_process,
)


def activate(space: Space, version: str, epoch: int) -> None:
    record = Sent(encode(Activation(Activated.PERSON_MODEL, version, epoch, NOW_US)))
    for partition in range(PARTITIONS):
        put(space, PERSON_LOG.name, [record], partition)


def versions_used(space: Space) -> set[str | None]:
    """The models with which reports were assessed."""
    read = read_as(space, ASSESSMENTS.name)
    return {one.model_version for one in read if isinstance(one, Assessment)}


def test_models_of_newer_code_or_with_a_wrong_digest_are_refused_and_the_good_one_stays(
    broker: Broker, tmp_path: Path
) -> None:
    space = space_on(broker)
    good = snapshot_of(PersonLearner(PersonModelConfig()), 1, NOW_US)
    newer = replace(good, model_version="newer", epoch=2, format=good.format + 1)
    damaged = replace(good, model_version="damaged", epoch=3, body=good.body + b" ")
    no_body = replace(
        good, model_version="nobody", epoch=4, body=b"{}", digest=sha256(b"{}").hexdigest()
    )
    refused = [Sent(encode(one), one.model_version.encode()) for one in (newer, damaged, no_body)]
    others = [Sent(b"garbage"), Sent(None)]
    snapshots = [Sent(encode(good), good.model_version.encode()), *refused, *others]
    put(space, MODEL_SNAPSHOTS.name, snapshots)
    activate(space, good.model_version, 1)
    for one in (newer, damaged, no_body):
        activate(space, one.model_version, one.epoch)
    with worker_process(space, tmp_path) as worker:
        put_good(space, range(4))
        wait_for_good(space, 4)
        put(space, MODEL_SNAPSHOTS.name, refused)
        activate(space, "never seen", 9)
        put_good(space, range(4, 8))
        wait_for_good(space, 8)
        assert worker.stopped().code == 0
        said = worker.said()
    assert versions_used(space) == {good.model_version}
    assert said.count("model_refused") == 4 + 3
    assert "model newer has format" in said
    assert "the digest does not match its body" in said
