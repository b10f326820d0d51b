"""Which loopback ports a broker listens on.

Rules: below the range from which the system lends ports to outgoing connections, so that a broker
finds its own ports free again when it is restarted.
"""

import secrets
import socket

HOST = "127.0.0.1"
_FIRST, _LAST = 20_000, 32_000
_TRIES_MAX = 200


class PortsError(Exception):
    """No port is free."""


def free_ports(number: int) -> tuple[int, ...]:
    """Return that many different ports on which nobody listens."""
    found: set[int] = set()
    for _ in range(_TRIES_MAX):
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if is_free(port):
            found.add(port)
        if len(found) == number:
            return tuple(found)
    raise PortsError(f"no {number} free ports between {_FIRST} and {_LAST} on {HOST}")


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
