"""Whether a cluster answers us, and when it does not, what to do about it.

Rules: one real metadata request to a bootstrap server; the libraries' own clients retry for long
and then say only that they timed out, so a command asks here first.
"""

import asyncio
import ssl
from dataclasses import replace

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from streams.cluster.connect import ClusterError, Connection, CredentialsError

_REQUEST_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 0.2
_REFUSED = (SaslAuthenticationFailed, AuthenticationFailedError)


def reach(connection: Connection) -> None:
    """Return when a bootstrap server answers; ClusterError says why none does.

    It is a CredentialsError where every one refuses who we are.

    Asks each server in turn, at most 10 s a request. Not for use inside a running event loop.
    """
    asyncio.run(reach_async(connection))


async def reach_async(connection: Connection) -> None:
    """As `reach`, inside an event loop."""
    bounded = replace(
        connection, request_timeout_s=min(connection.request_timeout_s, _REQUEST_TIMEOUT_S)
    )
    refusals = []
    who_we_are = True
    for server in connection.bootstrap:
        try:
            await _ask(bounded, server)
        except (KafkaError, OSError, ssl.SSLError, TimeoutError) as error:
            refusals.append(_said(connection, server, error))
            who_we_are = who_we_are and isinstance(error, _REFUSED)
        else:
            return
    kind = CredentialsError if refusals and who_we_are else ClusterError
    raise kind("; ".join(refusals) or "no bootstrap server is set")


async def _ask(connection: Connection, server: str) -> None:
    host, port = _address(server)
    options = connection.aiokafka_options()
    del options["bootstrap_servers"]
    asked = AIOKafkaConnection(host, port, **options)
    try:
        await asked.connect()
        await asked.send(MetadataRequest([]))
    finally:
        # The socket closes in a later turn of the loop, and never when it was never open.
        await asyncio.wait([asked.close()], timeout=_CLOSE_TIMEOUT_S)


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    if not host or not port.isdigit():
        raise ClusterError(f"{server!r} is no bootstrap server: it goes host:port")
    return host.strip("[]"), int(port)


def _said(connection: Connection, server: str, error: Exception) -> str:
    spoken = connection.security
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"{server}: its certificate is not to be trusted ({error.verify_message}); name the "
            "authority that signed it as the CA file, and use the host name that it states"
        )
    if isinstance(error, _REFUSED):
        return (
            f"{server} refused the credentials of {connection.username!r}: check user name, "
            f"password file and mechanism ({connection.mechanism})"
        )
    if isinstance(error, UnsupportedSaslMechanismError):
        return f"{server} does not take {connection.mechanism}: set a mechanism that it offers"
    if isinstance(error, IllegalSaslStateError):
        return f"{server} asks for no credentials: set the security protocol it speaks"
    if isinstance(error, ConnectionRefusedError):
        return f"nobody listens at {server}: start the broker there, or set its address"
    if isinstance(error, TimeoutError):
        return f"{server} does not answer in time: is it overloaded, paused or behind a firewall?"
    if isinstance(error, ssl.SSLError | KafkaConnectionError | ConnectionResetError):
        return (
            f"{server} hung up on us; we spoke {spoken}: set the security protocol it expects "
            f"(TLS or not, credentials or not) ({type(error).__name__})"
        )
    return f"{server} cannot be reached ({type(error).__name__}: {error})"
