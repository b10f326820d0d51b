"""Every setting, in one typed place: `FOREWARN_*` variables of the environment.

Rules: a setting has its unit last in its name and a default that works on one machine; secrets are
in files that the settings name, never in a variable.
"""

from pathlib import Path

import typer
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from streams.cluster.connect import Connection, Mechanism, Security, read_password


class Settings(BaseSettings):
    """What an operator may set from outside."""

    model_config = SettingsConfigDict(env_prefix="FOREWARN_", extra="forbid")

    keys_file: Path = Field(
        default=Path(typer.get_app_dir("forewarn")) / "keys.json",
        description="The keyring: keys of pseudonyms, receipts, places and sealing.",
    )
    cache_dir: Path = Field(
        default=Path(typer.get_app_dir("forewarn")) / "cache",
        description="What is fetched once and may be deleted: the jars of Apache Kafka.",
    )
    log_level: str = Field(default="WARNING", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    kafka_bootstrap: str = Field(
        default="127.0.0.1:9092", description="Bootstrap servers, `host:port`, comma between them."
    )
    kafka_security: Security = Field(
        default=Security.PLAINTEXT, description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."
    )
    kafka_mechanism: Mechanism = Field(
        default=Mechanism.SCRAM_SHA_512, description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."
    )
    kafka_username: str = Field(default="", description="Who we are, where credentials are asked.")
    kafka_password_file: Path | None = Field(
        default=None, description="The password is the first line of this file."
    )
    kafka_ca_file: Path | None = Field(
        default=None, description="Authority that signed the brokers' certificates, in PEM."
    )
    kafka_cert_file: Path | None = Field(
        default=None, description="Our own certificate, where brokers ask for one, in PEM."
    )
    kafka_key_file: Path | None = Field(default=None, description="The key of our certificate.")
    kafka_request_timeout_s: float = Field(default=40.0, ge=1, le=600)
    store: str = Field(
        default=f"sqlite:///{Path(typer.get_app_dir('forewarn')) / 'store.db'}",
        description="Where the store is: sqlite:///FILE or postgresql://USER@HOST/NAME.",
    )
    metrics_host: str = Field(
        default="127.0.0.1",
        description="Where Prometheus metrics are served; metrics name no person, and ask for no "
        "password: another address than loopback is for a network of our own.",
    )
    namespace: str = Field(
        default="", description="Prefix of topics and groups; empty is the live namespace."
    )


def connection(settings: Settings) -> Connection:
    """Return how the settings say to reach Kafka; ClusterError when a secret is not readable."""
    password_file = settings.kafka_password_file
    return Connection(
        bootstrap=tuple(server.strip() for server in settings.kafka_bootstrap.split(",")),
        security=settings.kafka_security,
        mechanism=settings.kafka_mechanism,
        username=settings.kafka_username,
        password=read_password(password_file) if password_file else "",
        ca_file=settings.kafka_ca_file,
        cert_file=settings.kafka_cert_file,
        key_file=settings.kafka_key_file,
        request_timeout_s=settings.kafka_request_timeout_s,
    )
