"""What is known in the end: outcomes of officers, and harm that a register confirms.

Rules: a label is known a horizon and an exponential time after what it is about, and names a person
by an identifier, as an event does. A confirmed harm is an event that the intake takes, of a source
of its own; an outcome names the person and when the alert was raised, because the id of an alert is
known to whoever raised it. Nobody knows what would have happened: *averted* is an officer's belief.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import cast

import msgspec
import numpy as np

from schemas.closed import Closed
from schemas.events import Event, Person
from schemas.taxonomy import Channel, Feed, Origin, Outcome, Purpose, Scheme, members_of
from schemas.times import from_us
from streams.feeds.known_truth.course import chosen, span_of
from streams.feeds.known_truth.town import KnownTown
from streams.feeds.known_truth.treated import UNTOLD, Alerted
from streams.feeds.town_calendar import to_instants
from streams.feeds.town_chance import Chance
from streams.feeds.town_events import EventWriter, local_time
from streams.feeds.town_people import Identity, draw_schemes, identifier_of
from streams.feeds.town_rows import FEED_CODE, Part, Rows, blank, code

REGISTER = "register"


class LaterHarm(Closed, frozen=True, tag_field="record", tag="later_harm"):
    """A severe harm that nobody told of in time; `event` is what the intake takes."""

    known: datetime
    event: Event


class OutcomeLabel(Closed, frozen=True, tag_field="record", tag="outcome"):
    """What an officer found after the alert that the rule inside raised at `alerted`."""

    known: datetime
    person: Person
    alerted: datetime
    outcome: Outcome


Label = LaterHarm | OutcomeLabel


def labels_of(town: KnownTown) -> list[Label]:
    """Return all labels in the order in which they become known; the same each time."""
    of_harm, of_alerts = town.chance_of_labels().spawn(2)
    labels: list[Label] = [*_later_harms(town, of_harm), *_outcomes(town, of_alerts)]
    return sorted(labels, key=lambda label: (label.known, msgspec.json.encode(label)))


def _later_harms(town: KnownTown, chance: Chance) -> Iterator[LaterHarm]:
    labels = town.parameters.labels
    told = np.zeros(len(town.harms.at), dtype=np.bool_)
    own = town.matters.harm >= 0
    told[town.matters.harm[own]] = town.treated.telling[own] != UNTOLD
    identity = town.people.identity[town.harms.person]
    may = town.treated.happened & ~told & (identity != Identity.PSEUDONYM)
    which = may & (chance.random(len(may)) < labels.confirmed_later)
    harms = chosen(town.harms, which)
    known = harms.at + labels.horizon_days + chance.exponential(labels.delay_days, len(harms.at))
    rows = blank(len(harms.at), Part.REPORT)
    rows["time_us"] = to_instants(town.parameters.town.start, harms.at)
    rows["ingest_us"] = to_instants(town.parameters.town.start, known)
    rows["person"] = harms.person
    rows["scheme"] = draw_schemes(chance, identity[which])
    rows["grid"] = town.people.home[harms.person]
    rows["kind"] = town.people.theme[harms.person]
    rows["severity"] = harms.severity
    rows["safe"] = -1
    yield from _as_events(town, _registered(rows))


def _registered(rows: Rows) -> Rows:
    rows["purpose"] = code(Purpose.HARM_REPORT)
    rows["origin"] = code(Origin.REPORTED)
    rows["channel"] = code(Channel.REFERRAL)
    rows["feed"] = FEED_CODE[Feed.INCIDENT]
    return rows


def _as_events(town: KnownTown, rows: Rows) -> Iterator[LaterHarm]:
    number = 0
    for batch in EventWriter(town.ground).batches(rows):
        for event in batch:
            number += 1
            county = event.source.split("/")[1]
            yield LaterHarm(
                known=cast("datetime", event.ingesttime),
                event=msgspec.structs.replace(
                    event, source=f"/{county}/{REGISTER}", id=f"{REGISTER}-{county}-{number:08d}"
                ),
            )


def _outcomes(town: KnownTown, chance: Chance) -> Iterator[OutcomeLabel]:
    labels, start = town.parameters.labels, town.parameters.town.start
    draws = chance.random((len(town.treated.alerts), 2))
    delays = chance.exponential(labels.delay_days, len(town.treated.alerts))
    for alert, (which, said), delay in zip(
        town.treated.alerts, draws.tolist(), delays.tolist(), strict=True
    ):
        known = alert.at + labels.horizon_days + delay
        at_us, known_us = to_instants(start, np.array([alert.at, known])).tolist()
        scheme = members_of(Scheme)[alert.key]
        yield OutcomeLabel(
            known=from_us(known_us),
            person=Person(scheme=scheme, value=identifier_of(alert.person, alert.key)),
            alerted=local_time(at_us),
            outcome=_outcome(town, alert, which, said),
        )


def _outcome(town: KnownTown, alert: Alerted, which: float, said: float) -> Outcome:
    """Return what the officer says; `which` and `said` are uniform numbers."""
    labels = town.parameters.labels
    if which < labels.unreachable:
        return Outcome.UNREACHABLE
    if which < labels.unreachable + labels.unknown:
        return Outcome.UNKNOWN
    own = span_of(town.harms.person, alert.person)
    at = town.harms.at[own]
    within = (at > alert.at) & (at <= alert.at + labels.horizon_days)
    if (within & town.treated.happened[own]).any():
        return Outcome.HARM_OCCURRED
    believed = labels.averted_told if within.any() else labels.averted_claimed
    return Outcome.AVERTED if said < believed else Outcome.NO_NEED_FOUND
