"""Reports about a person's danger: called forth by a state, by harm, and by earlier reports.

Rules: λ(t) = rate x base x strain(state(t)) + Σ branching x sqrt(1 + severity) x g(t - t_i), with
g a mixture of exponential delays of 3 and 30 days; drawn in its cluster form (those who came by
themselves, then the ones each calls forth, generation by generation). Reports of true harm are
of severity 3 or 4, all others of 0 to 2.

Source of the cluster form: A. G. Hawkes and D. Oakes, "A cluster process representation of a
self-exciting process", Journal of Applied Probability 11 (1974).
"""

import numpy as np

from schemas.closed import Closed
from schemas.taxonomy import Purpose
from streams.feeds.town_calendar import to_instants
from streams.feeds.town_chance import Chance, Floats, Ints, choose, choose_by_row
from streams.feeds.town_config import DAYS_PER_YEAR, TownConfig
from streams.feeds.town_harm import SEVERE, Harms, moments_in
from streams.feeds.town_people import THEMES, People
from streams.feeds.town_rows import UNKNOWN, Part, Rows, blank, code, codes
from streams.feeds.town_signs import draw_signs
from streams.feeds.town_states import Paths

STRAIN = np.array([1.0, 3.0, 9.0])
SEVERITY_OF_STATE = np.array([[0.45, 0.40, 0.15], [0.20, 0.45, 0.35], [0.05, 0.35, 0.60]])
DELAYS_DAYS = (3.0, 30.0)
SHORT_DELAY_SHARE = 0.6
GENERATIONS_MAX = 40
THEME_KEPT = 0.8
HARM_REPORT_BELOW_SEVERE = 0.4


class Reports(Closed, frozen=True):
    """Reports before they have a content; one entry a report in every array.

    `harm` is the position of the true harm that is reported, else UNKNOWN.
    """

    person: Ints
    at: Floats
    state: Ints
    severity: Ints
    harm: Ints


def _grade(paths: Paths, person: Ints, at: Floats, chance: Chance) -> Reports:
    state = paths.state_at(person, at)
    return Reports(
        person=person,
        at=at,
        state=state,
        severity=choose_by_row(chance, SEVERITY_OF_STATE, state),
        harm=np.full(len(person), UNKNOWN),
    )


def _of_harms(paths: Paths, harms: Harms) -> Reports:
    told = np.flatnonzero(harms.reported)
    person, at = harms.person[told], harms.at[told]
    return Reports(
        person=person,
        at=at,
        state=paths.state_at(person, at),
        severity=harms.severity[told],
        harm=told,
    )


def _by_themselves(config: TownConfig, people: People, paths: Paths, chance: Chance) -> Reports:
    a_day = people.rate[paths.person] * (config.base_reports / DAYS_PER_YEAR)
    expected = a_day * STRAIN[paths.state] * (paths.end - paths.start)
    stay, at = moments_in(paths, expected, chance)
    return _grade(paths, paths.person[stay], at, chance)


def _called_forth(config: TownConfig, paths: Paths, by: Reports, chance: Chance) -> Reports:
    children = chance.poisson(config.branching * np.sqrt(1.0 + by.severity))
    parent = np.repeat(np.arange(len(by.at)), children)
    scale = np.where(chance.random(len(parent)) < SHORT_DELAY_SHARE, *DELAYS_DAYS)
    at = by.at[parent] + chance.exponential(1.0, len(parent)) * scale
    within = at < config.days
    return _grade(paths, by.person[parent][within], at[within], chance)


def _merged(all_of: list[Reports]) -> Reports:
    columns = {
        name: np.concatenate([getattr(each, name) for each in all_of])
        for name in Reports.__struct_fields__
    }
    order = np.lexsort((columns["at"], columns["person"]))
    return Reports(**{name: column[order] for name, column in columns.items()})


def draw_reports(
    config: TownConfig, people: People, paths: Paths, harms: Harms, chance: Chance
) -> Reports:
    """Draw every report about a person's danger, ordered by person and time.

    At most GENERATIONS_MAX generations are followed; with a branching below one half fewer than
    one report in 10**9 would come later.
    """
    first = [_of_harms(paths, harms), _by_themselves(config, people, paths, chance)]
    generations = [*first]
    latest = _merged(first)
    for _ in range(GENERATIONS_MAX):
        latest = _called_forth(config, paths, latest, chance)
        if not len(latest.at):
            break
        generations.append(latest)
    return _merged(generations)


def _purposes(severity: Ints, chance: Chance) -> Ints:
    harm = (severity >= SEVERE) | (chance.random(len(severity)) < HARM_REPORT_BELOW_SEVERE)
    return np.where(harm, code(Purpose.HARM_REPORT), code(Purpose.HELP_REQUEST))


def report_rows(config: TownConfig, people: People, reports: Reports, chance: Chance) -> Rows:
    """Turn reports into rows: kind, purpose, signs, and now and then nobody's name.

    `mark` is the position of the true harm.
    """
    size = len(reports.at)
    rows = blank(size, Part.REPORT)
    rows["time_us"] = to_instants(config.start, reports.at)
    other = codes(*(kind for kind, _ in THEMES))[choose(chance, [w for _, w in THEMES], size)]
    kept = chance.random(size) < THEME_KEPT
    rows["kind"] = np.where(kept, people.theme[reports.person], other)
    rows["severity"] = reports.severity
    rows["purpose"] = _purposes(reports.severity, chance)
    strain = np.where(reports.severity >= SEVERE, len(STRAIN) - 1, reports.state)
    rows["signs"] = draw_signs(chance, rows["kind"], strain, config.signs_seen)
    named = chance.random(size) >= config.unnamed
    rows["person"] = np.where(named, reports.person, UNKNOWN)
    rows["mark"] = reports.harm
    rows["grid"] = people.home[reports.person]
    return rows
