"""Whether a child is ready or well, as data: what it says, where it listens, what it answers.

Rules: a check never raises and never waits longer than `ANSWER_S_MAX`; it asks on loopback alone.
"""

import http.client
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from forewarn.broker.ports import HOST

ANSWER_S_MAX = 3.0
_SAID_BYTES_MAX = 1024 * 1024
# Kafka's ApiVersions request, version 0: every broker answers it, before anyone has said who he is.
# https://kafka.apache.org/protocol#The_Messages_ApiVersions
_API_VERSIONS, _VERSION, _CORRELATION, _NO_CLIENT = 18, 0, 7, -1
_BODY = struct.pack(">hhih", _API_VERSIONS, _VERSION, _CORRELATION, _NO_CLIENT)
_REQUEST = struct.pack(">i", len(_BODY)) + _BODY
_ANSWER = struct.Struct(">iih")


class Check(Protocol):
    """One question about a child; `log` is what it says, `since` where this start of it began."""

    def passes(self, log: Path, since: int) -> bool:
        """Say whether it is so now."""
        ...


@dataclass(frozen=True)
class Says:
    """Its log has these words."""

    words: str

    def passes(self, log: Path, since: int) -> bool:
        """Look at what it said since it was started."""
        return self.words in said_since(log, since)


@dataclass(frozen=True)
class SpeaksKafka:
    """A broker answers at this port.

    A connection alone would not do: the system takes it for a broker that stands still. A client of
    the library would keep threads and megabytes for a question of 14 bytes.
    """

    port: int

    def passes(self, log: Path, since: int) -> bool:  # noqa: ARG002  # as the protocol says
        """Ask which requests it knows, and look whether it answers this question without error."""
        try:
            with socket.create_connection((HOST, self.port), timeout=ANSWER_S_MAX) as asked:
                asked.sendall(_REQUEST)
                answer = asked.recv(_ANSWER.size, socket.MSG_WAITALL)
        except OSError:
            return False
        if len(answer) < _ANSWER.size:
            return False
        _, correlation, error = _ANSWER.unpack(answer)
        return bool(correlation == _CORRELATION and error == 0)


@dataclass(frozen=True)
class Answers:
    """A GET of this path at this port is answered with a status below 400."""

    port: int
    path: str

    def passes(self, log: Path, since: int) -> bool:  # noqa: ARG002  # as the protocol says
        """Ask."""
        asked = http.client.HTTPConnection(HOST, self.port, timeout=ANSWER_S_MAX)
        try:
            asked.request("GET", self.path)
            return asked.getresponse().status < http.HTTPStatus.BAD_REQUEST
        except (OSError, http.client.HTTPException):
            return False
        finally:
            asked.close()


def said_since(log: Path, since: int) -> str:
    """Return what a log says from a place on, at most a mebibyte; all of it where it was cut."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(since if since <= file.tell() else 0)
            return file.read(_SAID_BYTES_MAX).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
