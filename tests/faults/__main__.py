"""Every fault run at its full size: `make faults`.

Rules: what is random comes from the seed, which is printed; the exit code is 0 only where every
verdict is good. `--without GUARD` runs the kills with one guard taken out, and must end badly.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import typer

from tests.faults.killed import killed
from tests.faults.rebalanced import rebalanced
from tests.faults.runs import Size
from tests.faults.unguarded_worker import HOSTS
from tests.faults.verdict import Verdict

UNGUARDED = "tests.faults.unguarded_worker"
EVENTS = 200_000
DAYS = 60
EVENTS_PER_S = 600
WITHOUT_EVENTS = 8_000
WITHOUT_DAYS = 30
PATIENCE_S = 3_600.0
SMALL_CHANGES = ("--change-bytes-max", "4000")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--events", type=int, default=0)
    parser.add_argument("--worker-kills", type=int, default=20)
    parser.add_argument("--broker-kills", type=int, default=3)
    parser.add_argument("--changes", type=int, default=10, help="joins and leaves")
    parser.add_argument("--only", choices=("kills", "rebalances"))
    parser.add_argument("--without", choices=sorted(HOSTS), help="take one guard out")
    parser.add_argument("--keep", type=Path, help="folder for what the runs leave behind")
    return parser.parse_args()


def main() -> int:
    """Run what is asked for and return the exit code."""
    asked = _arguments()
    # Told to end, it unwinds, and every process it started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="forewarn-faults-") as temporary:
        folder = asked.keep or Path(temporary)
        if asked.without:
            return _without(asked, folder)
        verdicts = _full(asked, folder)
    typer.echo(f"\nseed {asked.seed}")
    for name, verdict in verdicts.items():
        typer.echo(f"  {name}: {'good' if verdict.good else 'BAD'}")
    return 0 if all(verdict.good for verdict in verdicts.values()) else 1


def _full(asked: argparse.Namespace, folder: Path) -> dict[str, Verdict]:
    events = asked.events or EVENTS
    size = Size(events, DAYS, events / EVENTS_PER_S, PATIENCE_S)
    kills = f"kill -9 of the worker {asked.worker_kills} times, of the broker {asked.broker_kills}"
    changes = f"{asked.changes} joins and leaves, one worker stopped past its session"
    runs: dict[str, Callable[[], Verdict]] = {}
    if asked.only != "rebalances":
        runs[kills] = lambda: killed(
            folder / "kills", size, asked.seed, _say,
            worker_kills=asked.worker_kills, broker_kills=asked.broker_kills,
        )  # fmt: skip
    if asked.only != "kills":
        runs[changes] = lambda: rebalanced(
            folder / "rebalances", size, asked.seed, _say, changes=asked.changes
        )
    return {name: _told(name, asked.seed, run) for name, run in runs.items()}


def _told(name: str, seed: int, run: Callable[[], Verdict]) -> Verdict:
    typer.echo(f"== {name} (seed {seed})")
    verdict = run()
    typer.echo(verdict.table())
    return verdict


def _without(asked: argparse.Namespace, folder: Path) -> int:
    """Run with one guard taken out: 0 where the verdict is as bad as it has to be."""
    events = asked.events or WITHOUT_EVENTS
    size = Size(events, WITHOUT_DAYS, events / EVENTS_PER_S, PATIENCE_S)
    verdict = _told(
        f"without {asked.without}",
        asked.seed,
        lambda: killed(
            folder / "without", size, asked.seed, _say,
            worker_kills=12, broker_kills=0, module=(UNGUARDED,),
            options=("--without", asked.without, *SMALL_CHANGES),
        ),
    )  # fmt: skip
    return 0 if verdict.good == (asked.without == "nothing") else 1


def _say(text: str) -> None:
    typer.echo(f"  {text}")


if __name__ == "__main__":
    sys.exit(main())
