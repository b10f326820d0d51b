"""What runs on one machine, as data: each child process, what it needs first, how it is known.

    jars ─► broker ─► topics ─► worker ────► demo
    town ─────────────────────────┘

Rules: a child is named once; it needs only what is named before it, so the order of the list is an
order of starting and, backwards, of stopping.
"""

from dataclasses import dataclass, field

from forewarn.machine.checks import Check


@dataclass(frozen=True)
class Child:
    """One process: `words` follow the interpreter; `ready` and `well` are asked of it.

    A child that is run `once` is ready when it has ended with 0. One that does not pass `well`
    for as long as `unwell_s_max` is killed, and started again as one that ended.
    """

    name: str
    about: str
    words: tuple[str, ...]
    needs: tuple[str, ...] = ()
    ready: Check | None = None
    well: Check | None = None
    once: bool = False
    port: int | None = None
    start_s_max: float = 90.0
    stop_s_max: float = 25.0
    unwell_s_max: float = 60.0
    variables: dict[str, str] = field(default_factory=dict)


class PlanError(ValueError):
    """A plan that cannot be run."""


def checked(children: tuple[Child, ...]) -> tuple[Child, ...]:
    """Return the same children; PlanError where one needs what is not named before it."""
    known: set[str] = set()
    for child in children:
        if child.name in known:
            raise PlanError(f"{child.name} is named twice")
        if missing := set(child.needs) - known:
            raise PlanError(f"{child.name} needs {', '.join(sorted(missing))} before it")
        if child.once == (child.ready is not None):
            raise PlanError(f"{child.name} is either run once or asked whether it is ready")
        known.add(child.name)
    return children


def command(name: str, *words: str) -> tuple[str, ...]:
    """Return the words by which one of our commands is run alone, without loading all others."""
    return ("-m", "forewarn.machine.alone", name, *words)
