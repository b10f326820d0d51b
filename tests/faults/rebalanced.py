"""Workers that join and leave under load, and one that is stopped past its session and goes on.

Rules: there are one to three workers, and what happens next is drawn from the seed. In the end all
leave, and one that has never been there recovers everything from the changelogs: what it then says
and holds is judged, so what the stopped one wrote late must have done no harm.
"""

import signal
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec

from streams.worker.seats import STAGES
from tests.faults.cluster import PARTITIONS
from tests.faults.processes import Worker
from tests.faults.runs import Run, Size, run_under_faults
from tests.faults.towns import chance_of
from tests.faults.verdict import Verdict

WORKERS_MAX = 3
STALL_SHARE = 0.45
LAST_SHARE = 0.9
MOVES_S_MAX = 90.0


def rebalanced(
    folder: Path,
    size: Size,
    seed: int,
    say: Callable[[str], None],
    *,
    changes: int,
    module: tuple[str, ...] = ("forewarn", "worker"),
    options: tuple[str, ...] = (),
) -> Verdict:
    """Run a feed through while workers come and go, and judge what came of it."""
    with run_under_faults(folder, size, seed, say, module=module, options=options) as run:
        run.crew.join()
        run.crew.join()
        chance = chance_of(seed, "changes")
        shares = sorted(chance.uniform(0.05, LAST_SHARE) for _ in range(changes))
        stalled = False
        for number, share in enumerate(shares):
            if not stalled and (share > STALL_SHARE or number == len(shares) - 1):
                _stall(run, chance)
                stalled = True
            run.until_share(share)
            _change(run, chance, share)
        run.at_rest()
        say("all workers leave; a new one recovers everything")
        run.crew.stop()
        fresh = run.crew.join()
        run.wait(fresh.running, "the new worker runs")
        run.wait(lambda: recovered(fresh), "the new worker has recovered every stage")
        run.at_rest()
        run.crew.stop()
        return run.verdict()


def _change(run: Run, chance: Random, share: float) -> None:
    """Let one worker join or leave."""
    there = [one for one in run.crew.workers if one.wanted]
    joins = len(there) == 1 or (len(there) < WORKERS_MAX and chance.random() < 0.5)
    if joins:
        run.say(f"{run.crew.join().name} joins at {share:.0%}")
    else:
        leaving = chance.choice(there)
        run.say(f"{leaving.name} leaves at {share:.0%}")
        leaving.stop()


def _stall(run: Run, chance: Random) -> None:
    """Stop one worker past its session, while the others go on, and let it go on."""
    run.until_share(min(STALL_SHARE, run.progress() + 0.05))
    if sum(one.wanted for one in run.crew.workers) == 1:
        run.crew.join()
    there = [one for one in run.crew.workers if one.wanted]
    run.wait(
        lambda: sum(map(held, there)) == PARTITIONS and all(map(held, there)),
        "every worker has partitions",
    )
    stopped = chance.choice(there)
    others = [one for one in there if one is not stopped]
    run.say(f"SIGSTOP of {stopped.name}")
    stopped.signal(signal.SIGSTOP)
    run.wait(
        lambda: sum(map(held, others)) == PARTITIONS,
        "others take over what the stopped worker had",
    )
    written = run.cluster.written()
    run.wait(
        lambda: run.cluster.written() > written or run.progress() == 1.0,
        "others go on, or have done all there is",
        MOVES_S_MAX,
    )
    run.say(f"SIGCONT of {stopped.name}")
    stopped.signal(signal.SIGCONT)


def held(worker: Worker) -> int:
    """How many partitions of the person log a worker has, by its own last word on it."""
    return _recoveries(worker).get("person", 0)


def recovered(worker: Worker) -> bool:
    """Whether a worker has recovered every stage that remembers."""
    return _recoveries(worker).keys() >= STAGES.keys()


def _recoveries(worker: Worker) -> dict[str, int]:
    """The partitions a worker had of each stage after its last recovery, in its present life."""
    lines = worker.said().splitlines()
    told = [msgspec.json.decode(line) for line in lines if b'"event": "recovered"' in line]
    return {one["stage"]: one["partitions"] for one in told}
