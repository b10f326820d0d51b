"""The world that the events come from: some people are alerted, and that helps some of them.

Rules: one person at a time, in the order of time; a matter that descends from a harm that was
averted never happens. Chance is drawn before, one number a matter, so the world without any help
(`course`) and this one differ only by what help changed. Who is alerted is decided by a rule of the
parameters on what has arrived, never by a model.
"""

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.closed import Closed
from streams.feeds.known_truth.course import (
    NO_HARM,
    Harms,
    Hidden,
    Matters,
    own_hazard,
    span_of,
)
from streams.feeds.known_truth.model import discovery, excitation_level, excitations
from streams.feeds.known_truth.parameters import Parameters
from streams.feeds.town_chance import Chance, Floats, Ints
from streams.feeds.town_config import DAYS_PER_YEAR

UNTOLD, REPORTED, DISCOVERED = 0, 1, 2
NAMELESS = -1


class Draws(Closed, frozen=True):
    """What chance decides about each matter (one entry, or one row, a matter) before it happens.

    `told` (by somebody), `lost` (source silent), `lost_grid`: flags. `key`: by which identifier it
    would be named (a code of `Scheme`), NAMELESS if by none; `grid_key` the same if a grid worker
    finds it. `ingest`: days at which a telling arrives. `found`: uniform number against the
    probability of discovery. `find_days`: from matter to discovery. `visit_days`: from arrival to
    the visit it leads to, infinite for none; `alert_visit_days`: the same for an alert.
    """

    told: NDArray[np.bool_]
    lost: NDArray[np.bool_]
    lost_grid: NDArray[np.bool_]
    key: Ints
    grid_key: Ints
    ingest: Floats
    found: Floats
    find_days: Floats
    visit_days: Floats
    alert_visit_days: Floats


class Planned(Closed, frozen=True):
    """Visits drawn by lot, ordered by person and time."""

    person: Ints
    at: Floats


class Alerted(NamedTuple):
    """One alert of the rule inside: `key` as in `Draws`; `matter` is the report that set it off."""

    person: int
    key: int
    at: float
    matter: int


class Treated(Closed, frozen=True):
    """What came of it. `telling` has a code a matter; `arrived` its day, infinite if untold.

    `alive` says whether a matter happened, `happened` whether a harm did. `visits` are
    (person, day), planned ones too.
    """

    alive: NDArray[np.bool_]
    happened: NDArray[np.bool_]
    telling: Ints
    arrived: Floats
    visits: tuple[tuple[int, float], ...]
    alerts: tuple[Alerted, ...]


class World(NamedTuple):
    """What does not change while the treated world runs."""

    parameters: Parameters
    hidden: Hidden
    matters: Matters
    harms: Harms
    draws: Draws


class _Ledger:
    """The growing results of all people."""

    def __init__(self, world: World) -> None:
        size = len(world.matters.at)
        self.alive = np.zeros(size, dtype=np.bool_)
        self.happened = np.zeros(len(world.harms.at), dtype=np.bool_)
        self.telling = np.full(size, UNTOLD, dtype=np.int64)
        self.arrived = np.full(size, np.inf)
        self.visits: list[tuple[int, float]] = []
        self.alerts: list[Alerted] = []


_MATTER, _ARRIVAL, _VISIT = 0, 1, 2


class _Life:
    """One person's time, event by event."""

    def __init__(self, world: World, person: int, ledger: _Ledger) -> None:
        self.world, self.person, self.ledger = world, person, ledger
        self.queue: list[tuple[float, int, int]] = []
        self.alive: list[int] = []
        self.seen: dict[int, list[float]] = {}
        self.paused: dict[int, float] = {}
        self.helped: list[tuple[float, float]] = []
        self.visits: list[float] = []

    def plan(self, at: float, what: int, number: int) -> None:
        """Let something happen later, unless the span is over by then."""
        if what == _ARRIVAL or at < self.world.parameters.town.days:
            heappush(self.queue, (at, what, number))

    def run(self) -> None:
        """Let everything happen in the order of time."""
        while self.queue:
            at, what, number = heappop(self.queue)
            if what == _MATTER:
                self._matter(at, number)
            elif what == _ARRIVAL:
                self._arrival(at, number)
            else:
                self.visits.append(at)
                self.ledger.visits.append((self.person, at))

    def _matter(self, at: float, number: int) -> None:
        matters, draws = self.world.matters, self.world.draws
        root, harm = int(matters.root[number]), int(matters.harm[number])
        if harm != NO_HARM:
            if not self._harmed(at, harm):
                return
            self.ledger.happened[harm] = True
        elif root != NO_HARM and not self.ledger.happened[root]:
            return
        self.alive.append(number)
        self.ledger.alive[number] = True
        if draws.told[number] and not draws.lost[number]:
            self._tell(number, REPORTED, float(draws.ingest[number]))
        elif draws.found[number] < self._discovery(at) and not draws.lost_grid[number]:
            self._tell(number, DISCOVERED, at + float(draws.find_days[number]))

    def _harmed(self, at: float, harm: int) -> bool:
        """Say whether a harm of the untreated world happens in this one too."""
        parameters, matters = self.world.parameters, self.world.matters
        now = np.array([at])
        sums = excitations(
            parameters.excitation, now, matters.at[self.alive], matters.severity[self.alive]
        )
        level = excitation_level(parameters, sums)
        hazard = own_hazard(parameters, self.world.hidden, self.person, now, level)[0]
        if any(start <= at < end for start, end in self.helped):
            hazard *= 1 - parameters.policy.effect
        return bool(self.world.harms.draw[harm] < hazard)

    def _discovery(self, at: float) -> float:
        attention = self.world.parameters.attention
        recent = sum(at - visit <= attention.window_days for visit in self.visits)
        return discovery(self.world.parameters, recent)

    def _tell(self, number: int, how: int, arrives: float) -> None:
        self.ledger.telling[number] = how
        self.ledger.arrived[number] = arrives
        self.plan(arrives, _ARRIVAL, number)

    def _arrival(self, now: float, number: int) -> None:
        draws, how = self.world.draws, self.ledger.telling[number]
        key = int((draws.key if how == REPORTED else draws.grid_key)[number])
        if key == NAMELESS:
            return
        self.plan(now + float(draws.visit_days[number]), _VISIT, number)
        times = self.seen.setdefault(key, [])
        times.append(float(self.world.matters.at[number]))
        policy = self.world.parameters.policy
        recent = sum(now - at <= policy.window_days for at in times)
        if recent >= policy.reports and now >= self.paused.get(key, 0.0):
            self._alert(now, key, number)

    def _alert(self, now: float, key: int, number: int) -> None:
        policy = self.world.parameters.policy
        self.paused[key] = now + policy.pause_days
        start = now + policy.starts_days
        self.helped.append((start, start + policy.lasts_days))
        self.ledger.alerts.append(Alerted(self.person, key, now, number))
        for days in self.world.draws.alert_visit_days[number].tolist():
            self.plan(now + days, _VISIT, number)


def draw_visits(parameters: Parameters, visitable: NDArray[np.bool_], chance: Chance) -> Planned:
    """Draw the visits by lot to whom one can visit (a flag a person)."""
    size = parameters.town
    a_person = parameters.attention.visits_per_year * size.days / DAYS_PER_YEAR
    person = np.repeat(np.arange(size.persons), chance.poisson(a_person * visitable))
    at = chance.random(len(person)) * size.days
    order = np.lexsort((at, person))
    return Planned(person=person, at=at[order])


def treat(world: World, planned: Planned) -> Treated:
    """Let all people live; those without a matter only get their visits."""
    ledger = _Ledger(world)
    matters = world.matters
    concerned = np.unique(matters.person)
    elsewhere = ~np.isin(planned.person, concerned)
    ledger.visits.extend(
        zip(planned.person[elsewhere].tolist(), planned.at[elsewhere].tolist(), strict=True)
    )
    for person in concerned.tolist():
        life = _Life(world, person, ledger)
        own, lots = span_of(matters.person, person), span_of(planned.person, person)
        for number in range(own.start, own.stop):
            life.plan(float(matters.at[number]), _MATTER, number)
        for at in planned.at[lots].tolist():
            life.plan(at, _VISIT, 0)
        life.run()
    return Treated(
        alive=ledger.alive,
        happened=ledger.happened,
        telling=ledger.telling,
        arrived=ledger.arrived,
        visits=tuple(sorted(ledger.visits)),
        alerts=tuple(ledger.alerts),
    )
