"""What is asked of a child: a broker that stands still must not pass for one that answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from forewarn.broker.ports import HOST, free_ports
from forewarn.machine.checks import SpeaksKafka
from tests.brokers import own_broker

NO_LOG = Path("no-log")
REQUEST_BYTES = 14


def speaks(port: int) -> bool:
    return SpeaksKafka(port).passes(NO_LOG, 0)


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A server that takes one request and answers so."""

    def serve() -> None:
        asked, _ = server.accept()
        with asked:
            asked.recv(REQUEST_BYTES, socket.MSG_WAITALL)
            asked.sendall(answer)

    with socket.create_server((HOST, 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_a_broker_speaks_until_it_stands_still(tmp_path: Path) -> None:
    with own_broker(tmp_path) as broker:
        assert speaks(broker.port)
        broker.pause()
        assert not speaks(broker.port)
        broker.resume()
        assert speaks(broker.port)
    assert not speaks(broker.port)


@pytest.mark.parametrize(
    ("answer", "passes"),
    [
        ((6).to_bytes(4, "big") + (7).to_bytes(4, "big") + bytes(2), True),
        ((6).to_bytes(4, "big") + (7).to_bytes(4, "big") + (35).to_bytes(2, "big"), False),
        ((6).to_bytes(4, "big") + (8).to_bytes(4, "big") + bytes(2), False),
        (b"HTTP/1.1 400 Bad Request\r\n", False),
        (b"", False),
    ],
    ids=["as asked", "with an error", "to another question", "of another protocol", "none"],
)
def test_only_the_answer_to_the_question_passes(answer: bytes, passes: bool) -> None:
    with answering(answer) as port:
        assert speaks(port) is passes


def test_where_nobody_listens_nobody_speaks() -> None:
    assert not speaks(free_ports(1)[0])
