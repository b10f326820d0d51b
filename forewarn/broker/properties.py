"""The server properties of a broker: one node that is broker and controller, on loopback only.

Rules: sized for one machine with hundreds of small partitions; topics are made by provisioning,
never by a client that misspelt one.
"""

from collections.abc import Mapping

from forewarn.broker.certificates import Certificates
from forewarn.broker.ports import HOST

MECHANISM = "SCRAM-SHA-512"

# Replication 1, since there is one node; few internal partitions and small buffers, since tests
# start many brokers; short sessions, so that a killed broker is back within seconds.
_SIZED: dict[str, str] = {
    "auto.create.topics.enable": "false",
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
    "default.replication.factor": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "log.cleaner.threads": "1",
    "log.index.size.max.bytes": "262144",
    "min.insync.replicas": "1",
    "num.io.threads": "4",
    "num.network.threads": "2",
    "offsets.topic.num.partitions": "8",
    "offsets.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
}


def server_properties(
    logs: str, port: int, controller_port: int, more: Mapping[str, str]
) -> dict[str, str]:
    """Return all properties of a broker that speaks plain text; `more` wins over what is here."""
    return {
        "node.id": "1",
        "process.roles": "broker,controller",
        "log.dirs": logs,
        "listeners": f"CLIENTS://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"CLIENTS://{HOST}:{port}",
        "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENTS",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        **_SIZED,
        **more,
    }


def secured(files: Certificates, username: str, password: str) -> dict[str, str]:
    """Return what makes clients prove who they are, over TLS; the broker itself is `username`.

    The controller takes only whoever has a certificate of the authority: the broker.
    """
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    return {
        "listener.security.protocol.map": "CLIENTS:SASL_SSL,CONTROLLER:SSL",
        "listener.name.controller.ssl.client.auth": "required",
        "listener.name.clients.scram-sha-512.sasl.jaas.config": (
            f'{module} required username="{username}" password="{password}";'
        ),
        "sasl.enabled.mechanisms": MECHANISM,
        "sasl.mechanism.inter.broker.protocol": MECHANISM,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(files.server_file),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(files.ca_file),
    }


def as_text(properties: Mapping[str, str]) -> str:
    """Return the text of a properties file; backslashes of a value are escaped."""
    lines = (f"{key}={value}" for key, value in sorted(properties.items()))
    return "".join(line.replace("\\", "\\\\") + "\n" for line in lines)
