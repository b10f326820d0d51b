"""What is said once all is ready: where it is, what to try, how to stop.

Rules: every line that is shown as a command works as it stands, in any shell and any folder. Tokens
are shown here and nowhere else; they are in files for their owner alone.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from alerts.store.tokens import Role
from forewarn.broker.ports import HOST
from forewarn.machine.composition import Machine
from forewarn.machine.first_tokens import token_file
from forewarn.machine.watching import watch_command
from schemas.events import Event, EventData, Person
from schemas.taxonomy import Channel, Kind, Origin, Purpose, Scheme, Sign

REPORT = "report.json"
_NO_AREAS = "  no areas    every event is refused until a directory is named with --areas"
_AREA = "990101001001001"
_NUMBER_OF_NOBODY = "+8613499999999"


def welcome(machine: Machine, seconds: float, memory_kb: int) -> str:
    """Return what to say after so many seconds; `memory_kb` is resident, of all processes."""
    lines = [
        "",
        f"ready after {seconds:.1f} s, {memory_kb // 1024:,} MiB of memory",
        "",
        f"  start page  http://{HOST}:{machine.ports['api']}/  (it asks for the token below)",
        f"  token       {token(machine, Role.OFFICER)}",
        "",
        *(f"  {line}" for line in _commands(machine)),
        *(() if machine.areas else (_NO_AREAS,)),
        "",
        f"  how it is   forewarn status --data {machine.folder.root}",
        f"  watch it    {watch_command(machine)}",
        "  stop        Ctrl-C; the next start goes on with the data",
        "",
    ]
    return "\n".join(lines)


def token(machine: Machine, role: Role) -> str:
    """Return the token of a role."""
    return token_file(machine.folder.secrets, role).read_text(encoding="ascii").strip()


def _commands(machine: Machine) -> Iterator[str]:
    """Yield what to try: the newest alerts, alerts as they come, and a report of one's own."""
    asked = f"http://{HOST}:{machine.ports['api']}/v1"
    officer = f"-H 'Authorization: Bearer {token(machine, Role.OFFICER)}'"
    gateway = f"-H 'Authorization: Bearer {token(machine, Role.GATEWAY)}'"
    yield "try, in another terminal: the newest red alerts; alerts as they come; a report"
    yield f"curl -s {officer} '{asked}/alerts?level=red&limit=3'"
    yield f"curl -sN {officer} {asked}/stream"
    if machine.demo:
        report = machine.folder.demo / REPORT
        kind = "-H 'Content-Type: application/cloudevents+json'"
        yield f"curl -s {gateway} {kind} --data @{report} {asked}/events"


def write_report(path: Path, now: datetime) -> None:
    """Write a report of danger to life to try the API with; nobody has the number in it."""
    data = EventData(
        purpose=Purpose.HARM_REPORT,
        kind=Kind.DOMESTIC_VIOLENCE,
        area=_AREA,
        severity=4,
        signs=(Sign.STRANGULATION,),
        origin=Origin.REPORTED,
        channel=Channel.PHONE,
        person=Person(Scheme.PHONE, _NUMBER_OF_NOBODY),
    )
    event = Event(
        specversion="1.0",
        id=f"try-{now:%Y%m%d-%H%M%S}",
        source=f"/{_AREA[:6]}/try",
        type="forewarn.incident-report.v1",
        time=now,
        data=data,
    )
    path.write_bytes(msgspec.json.format(msgspec.json.encode(event), indent=1) + b"\n")
