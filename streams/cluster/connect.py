"""How to reach a cluster, in one value, and what each client library calls it.

Rules: a secret is read from a file and never shown; a certificate is always checked, its host name
too; every request has a bound. This module opens no connection: `streams/cluster/reach.py` does.
"""

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class ClusterError(Exception):
    """The cluster cannot be reached or used; the message says what to do."""


class CredentialsError(ClusterError):
    """The cluster refuses who we are; waiting does not help."""


class Security(StrEnum):
    """What is spoken to a broker."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self in {Security.SSL, Security.SASL_SSL}

    @property
    def sasl(self) -> bool:
        """Whether a name and a password are asked for."""
        return self in {Security.SASL_PLAINTEXT, Security.SASL_SSL}


class Mechanism(StrEnum):
    """How a password is proved."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


@dataclass(frozen=True)
class Connection:
    """Where the brokers are and how to prove who we are; files are in PEM.

    `bootstrap` is `host:port`, one or several. Without `ca_file` the system's authorities count.
    """

    bootstrap: tuple[str, ...]
    security: Security = Security.PLAINTEXT
    mechanism: Mechanism = Mechanism.SCRAM_SHA_512
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    request_timeout_s: float = 40.0

    def ssl_context(self) -> ssl.SSLContext | None:
        """Return what checks the brokers' certificates; ClusterError when a file is not usable."""
        if not self.security.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file is not None:
                context.load_cert_chain(self.cert_file, self.key_file)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(file) for file in self._files() if file is not None)
            raise ClusterError(
                f"the certificate files cannot be used ({error}): {files}. They must be there, "
                "readable, in PEM, and the key must belong to the certificate."
            ) from error
        return context

    def aiokafka_options(self) -> dict[str, Any]:
        """Return keyword arguments of aiokafka's consumer, producer and admin client."""
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.bootstrap),
            "security_protocol": self.security.value,
            "request_timeout_ms": int(self.request_timeout_s * 1000),
        }
        context = self.ssl_context()
        if context is not None:
            options["ssl_context"] = context
        if self.security.sasl:
            options["sasl_mechanism"] = self.mechanism.value
            options["sasl_plain_username"] = self.username
            options["sasl_plain_password"] = self.password
        return options

    def kafka_python_options(self) -> dict[str, Any]:
        """Return keyword arguments of kafka-python's consumer, producer and admin client."""
        timeout_ms = int(self.request_timeout_s * 1000)
        return {**self.aiokafka_options(), "bootstrap_timeout_ms": timeout_ms}

    def faust_options(self) -> dict[str, Any]:
        """Return keyword arguments of `faust.App`: the brokers and who we are."""
        import faust  # noqa: PLC0415  # takes a second, and most commands have no worker

        options: dict[str, Any] = {
            "broker": ";".join(f"kafka://{server}" for server in self.bootstrap),
            "broker_request_timeout": self.request_timeout_s,
        }
        context = self.ssl_context()
        if self.security.sasl:
            options["broker_credentials"] = faust.SASLCredentials(
                username=self.username,
                password=self.password,
                mechanism=self.mechanism.value,
                ssl_context=context,
            )
        elif context is not None:
            options["broker_credentials"] = faust.SSLCredentials(context=context)
        return options

    def _files(self) -> tuple[Path | None, ...]:
        return self.ca_file, self.cert_file, self.key_file


def read_password(file: Path) -> str:
    """Return the first line of a password file; ClusterError when it is not readable or empty."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ClusterError(f"the password file {file} cannot be read: {error}") from error
    if not lines or not lines[0]:
        raise ClusterError(f"the password file {file} is empty: its first line is the password")
    return lines[0]
