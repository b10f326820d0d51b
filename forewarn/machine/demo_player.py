"""The player of the demo: the town's past onto the raw topics at once, then on at a pace to follow.

Rules: what is sent is acknowledged before its place is kept, so after a crash a few events may come
again under the ids they had (the stages know them), and after a stop none does. A told event
happens now: its time is the present less the lateness it had in the town. At most one round is held
in memory.
"""

import asyncio
import signal
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec

from forewarn.machine.folder import HISTORY, TO_TELL
from forewarn.settings import Settings, connection
from schemas.closed import Closed
from schemas.events import FEED_OF_TYPE, Event
from schemas.topics import FEEDS
from streams.cluster.connect import ClusterError
from streams.cluster.lanes import Lanes, lanes_of
from streams.cluster.reading import partitions_on
from streams.cluster.sending import producer_to

PLACE = "place.json"
ROUND_LINES = 2_000
ANSWER_S_MAX = 60.0
# The first are told fast, so that something is seen; then a pace that a person can follow, for
# about an hour; then the town's own, so that the counts of a day do not grow beyond what is usual.
PACES = ((200, 0.75), (600, 6.0))
TOWN_PACE_S = 240.0
EXIT_CLUSTER = 70
_SAY_EVERY = 25
_TOWN_ZONE = timezone(timedelta(hours=8))
_decode = msgspec.json.Decoder(Event).decode
_encode = msgspec.json.Encoder().encode


class Place(Closed, frozen=True):
    """How far the town is told: bytes of the past, bytes of what is to tell, and which round."""

    history: int = 0
    to_tell: int = 0
    round: int = 1


def pace_s(told: int) -> float:
    """Return how long to wait after so many events since this start."""
    return next((seconds for until, seconds in PACES if told < until), TOWN_PACE_S)


def as_of_now(event: Event, now: datetime, number: int) -> Event:
    """Return an event of the town as one that is told now, in the `number`th round of telling."""
    late = timedelta() if event.ingesttime is None else event.ingesttime - event.time
    told_id = event.id if number == 1 else f"{event.id}-{number}"
    return msgspec.structs.replace(event, id=told_id, time=now - late, ingesttime=None)


class Player:
    """Tells the town of one folder."""

    def __init__(self, folder: Path, lanes: Lanes, stopping: asyncio.Event) -> None:
        self._folder = folder
        self._lanes = lanes
        self._stopping = stopping
        self.place = read_place(folder)

    async def play(self) -> None:
        """Tell until it is time to stop."""
        await self._past()
        told = 0
        while not self._stopping.is_set():
            await self._tell_one()
            told += 1
            if told % _SAY_EVERY == 0:
                sys.stdout.write(f"{told} events told since this start\n")
            try:
                await asyncio.wait_for(self._stopping.wait(), pace_s(told))
            except TimeoutError:
                continue

    async def _past(self) -> None:
        """Send what is left of the past, a round at a time."""
        sent = 0
        with (self._folder / HISTORY).open("rb") as file:
            file.seek(self.place.history)
            while not self._stopping.is_set():
                lines = [line for _ in range(ROUND_LINES) if (line := file.readline())]
                if not lines:
                    break
                for line in lines:
                    await self._send(_decode(line), line.rstrip())
                await self._keep(msgspec.structs.replace(self.place, history=file.tell()))
                sent += len(lines)
        sys.stdout.write(f"the past is told: {sent} events\n")

    async def _tell_one(self) -> None:
        with (self._folder / TO_TELL).open("rb") as file:
            file.seek(self.place.to_tell)
            line = file.readline()
            place = msgspec.structs.replace(self.place, to_tell=file.tell())
        if not line:
            await self._keep(Place(self.place.history, 0, self.place.round + 1))
            return
        event = as_of_now(_decode(line), datetime.now(_TOWN_ZONE), place.round)
        await self._send(event, _encode(event))
        await self._keep(place)

    async def _send(self, event: Event, value: bytes) -> None:
        key = f"{event.source}|{event.id}".encode()
        await self._lanes.append(FEED_OF_TYPE[event.type], key, value, ())

    async def _keep(self, place: Place) -> None:
        """Keep the place, once all before it is acknowledged."""
        await self._lanes.flush()
        await self._lanes.settle()
        partial = self._folder / f".{PLACE}.partial"
        partial.write_bytes(_encode(place))
        partial.replace(self._folder / PLACE)
        self.place = place


def read_place(folder: Path) -> Place:
    """Return how far a town was told, the beginning where nothing was kept."""
    path = folder / PLACE
    return msgspec.json.decode(path.read_bytes(), type=Place) if path.exists() else Place()


async def _play(folder: Path) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    settings = Settings()
    link = connection(settings)
    partitions = await partitions_on(
        link, settings.namespace, [topic.name for topic in FEEDS.values()]
    )
    async with producer_to(link, answer_s_max=ANSWER_S_MAX) as producer:
        lanes = lanes_of(producer, settings.namespace, partitions, ANSWER_S_MAX)
        sys.stdout.write("the town is being told\n")
        await Player(folder, lanes, stopping).play()
        sys.stdout.write("stopped; the next start goes on from here\n")


def main() -> None:
    """Tell the town of the folder that is named, until told to stop."""
    try:
        asyncio.run(_play(Path(sys.argv[1])))
    except ClusterError as error:
        sys.stderr.write(f"the demo ended, and goes on where it was: {error}\n")
        sys.exit(EXIT_CLUSTER)


if __name__ == "__main__":
    main()
