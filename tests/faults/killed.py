"""Workers killed at random moments, and the broker too, while events flow.

Rules: moments are shares of the work drawn from the seed. One kill in four comes again as soon as
the next process runs, which is while it recovers.
"""

from collections.abc import Callable
from pathlib import Path

from tests.faults.runs import Size, run_under_faults
from tests.faults.towns import chance_of
from tests.faults.verdict import Verdict

WORKER, AGAIN, BROKER = "worker", "worker again, while it recovers", "broker"


def killed(
    folder: Path,
    size: Size,
    seed: int,
    say: Callable[[str], None],
    *,
    worker_kills: int,
    broker_kills: int,
    module: tuple[str, ...] = ("forewarn", "worker"),
    options: tuple[str, ...] = (),
) -> Verdict:
    """Run a feed through, killing as told, and judge what came of it."""
    with run_under_faults(folder, size, seed, say, module=module, options=options) as run:
        worker = run.crew.join()
        for share, victim in moments(seed, worker_kills, broker_kills):
            if victim == AGAIN:
                run.wait(worker.running, "the worker runs again")
            else:
                run.until_share(share)
            say(f"kill -9 of the {victim} at {share:.0%}")
            if victim == BROKER:
                run.cluster.kill_broker()
            else:
                worker.kill()
            run.crew.tend()
        run.at_rest()
        run.crew.stop()
        return run.verdict()


def moments(seed: int, worker_kills: int, broker_kills: int) -> list[tuple[float, str]]:
    """When who is killed, in order."""
    chance = chance_of(seed, "moments")
    victims = [BROKER] * broker_kills
    left = worker_kills
    while left:
        again = left > 1 and chance.random() < 0.25
        victims.append(AGAIN if again else WORKER)
        left -= 2 if again else 1
    chance.shuffle(victims)
    shares = sorted(chance.uniform(0.03, 0.97) for _ in victims)
    planned: list[tuple[float, str]] = []
    for share, victim in zip(shares, victims, strict=True):
        planned += [(share, WORKER), (share, AGAIN)] if victim == AGAIN else [(share, victim)]
    return planned
