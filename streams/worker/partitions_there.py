"""What a worker needs of the topics before it starts: that all are there, and that logs fit.

Rules: a changelog has as many partitions as the log of its stage, or recovery would put state where
nobody looks for it. A worker that finds it otherwise does not start.
"""

from collections.abc import Mapping

from schemas.topics import ALL_TOPICS, CHANGELOGS
from streams.cluster.connect import ClusterError
from streams.cluster.naming import named
from streams.worker.seats import STAGES


def partitions_or_refuse(namespace: str, there: Mapping[str, int]) -> dict[str, int]:
    """Return the number of partitions of every topic, by plain name.

    `there` are those of the cluster, by full name. Raises ClusterError, naming what to mend.
    """
    space = f" --namespace {namespace}" if namespace else ""
    missing = [topic.name for topic in ALL_TOPICS if named(namespace, topic.name) not in there]
    if missing:
        raise ClusterError(
            f"{len(missing)} topics are missing, {missing[0]} among them. "
            f"Make them: forewarn topics create{space}"
        )
    found = {topic.name: there[named(namespace, topic.name)] for topic in ALL_TOPICS}
    for stage in STAGES.values():
        changelog = CHANGELOGS[stage.part].name
        if found[changelog] != found[stage.log.name]:
            raise ClusterError(
                f"{changelog} has {found[changelog]} partitions, {stage.log.name} has "
                f"{found[stage.log.name]}: they must have the same number. A topic cannot lose "
                "partitions: take another namespace, or delete both with their data and run "
                f"forewarn topics create{space}"
            )
    return found
