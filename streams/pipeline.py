"""The whole way of an event in one process: intake, stages, and the ways back.

    raw record ─► intake ─┬─► person stage ─► alerts, assessments, training examples ─► learner
                          ├─► area stage ───► alerts, assessments                         │
                          ├─► service stage ► clocks ─► (overdue help) ─► person stage    │
                          └─► vault records, dead letters       person stage ◄─ activation ◄

Rules: the steps are the ones the worker runs. What a stage sends to another goes through one queue,
in the order in which it was said, so one input gives one sequence of outputs, always the same.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec

from alerts.service_limits import LimitCalendar, ServiceLimits
from alerts.vault.keyring import Keyring
from alerts.vault.pseudonyms import Pseudonyms
from alerts.vault.sealing import Sealer
from detectors.person_model import PersonModel, PersonModelConfig, read_body
from schemas.areas import Directory
from schemas.closed import Closed
from schemas.events import RawRecord
from schemas.outcomes import (
    Alert,
    Assessment,
    ClockAnswer,
    DeadLetter,
    ServiceClock,
    VaultRecord,
)
from schemas.records import Activation, Alias, AliasRecord, HistoryMove, Tick, Transition
from schemas.taxonomy import Scope
from schemas.versioned import AREA_CELL, AREA_SERIES, OPEN_CLOCK, PERSON_HISTORY
from streams.area_stage import AreaConfig, AreaStage
from streams.clock import StageClock
from streams.intake.intake import Intake, IntakeConfig
from streams.learner_stage import LearnerStage
from streams.outputs import Outputs
from streams.person_judgement import PersonConfig
from streams.person_stage import PersonStage
from streams.service_stage import ServiceConfig, ServiceStage
from streams.state import LiveState, PackedState

SOURCE = "replay"
T = TypeVar("T")


class PipelineConfig(Closed, frozen=True):
    """The configuration of every part; the file of `--config` has this shape."""

    intake: IntakeConfig = IntakeConfig()
    person: PersonConfig = PersonConfig()
    area: AreaConfig = AreaConfig()
    service: ServiceConfig = ServiceConfig()
    limits: ServiceLimits = ServiceLimits()
    learner: PersonModelConfig = PersonModelConfig()
    namespace: str = "forewarn"


class Sink(Protocol):
    """Where the outputs of the pipeline go."""

    def alert(self, alert: Alert) -> None:
        """Take one revision of an alert."""

    def assessment(self, assessment: Assessment) -> None:
        """Take one assessment."""

    def service_clock(self, clock: ServiceClock) -> None:
        """Take one state of a service clock."""

    def dead_letter(self, letter: DeadLetter) -> None:
        """Take one dead letter."""

    def vault_record(self, record: VaultRecord) -> None:
        """Take one sealed record for the vault."""


class Pipeline:
    """Intake and stages wired together.

    `counts` are by name and carry no person; `daily` are incidents by county, kind code and local
    day ordinal.
    """

    def __init__(
        self,
        config: PipelineConfig,
        *,
        directory: Directory,
        keyring: Keyring,
        sink: Sink,
        code_version: str,
    ) -> None:
        self.sink = sink
        self._said = Outputs()
        self.counts = self._said.counts
        self.daily = self._said.daily
        self.intake = Intake(
            config.intake,
            directory=directory,
            pseudonyms=Pseudonyms(keyring, config.namespace),
            sealer=Sealer(keyring),
            calendar=LimitCalendar(config.limits, directory.time_zone),
            code_version=code_version,
        )
        self._config = config
        self._directory = directory
        self.models: dict[str, PersonModel] = {}
        self._persons = PackedState(PERSON_HISTORY)
        self._cells = LiveState(AREA_CELL)
        self._series = LiveState(AREA_SERIES)
        self._clocks = PackedState(OPEN_CLOCK)
        self._wire()

    def _wire(self) -> None:
        """Make the stages around the states as they are."""
        config = self._config
        self.person = PersonStage(config.person, self._persons, StageClock([SOURCE]), self.models)
        self.area = AreaStage(
            config.area,
            directory=self._directory,
            cells=self._cells,
            series=self._series,
            clock=StageClock([SOURCE]),
        )
        self.service = ServiceStage(config.service, self._clocks, StageClock([SOURCE]))
        self.learner = LearnerStage(config.learner, self.models)

    def take(self, record: RawRecord) -> None:
        """Take one raw record through the whole house."""
        person, area, clock, vault, dead = self.intake.step(record)
        out = self._said
        out.counts["intake.records"] += 1
        if dead is not None:
            out.counts["intake.dead_letters"] += 1
            self.sink.dead_letter(dead)
        if vault is not None:
            self.sink.vault_record(vault)
        if person is not None:
            self.person.step(person, out)
        if area is not None:
            self.area.step(area, out)
        if clock is not None:
            self.service.step(clock, out)
        self._settle()

    def tick(self, at_us: int) -> None:
        """Let time pass for every stage."""
        tick = Tick(SOURCE, at_us)
        for stage in (self.service, self.person, self.area):
            stage.step(tick, self._said)
            self._settle()

    def alias(self, record: AliasRecord) -> None:
        """Take in an alias or key activation; histories move to the key they are known by now."""
        self.intake.keys.apply(record)
        if isinstance(record, Alias):
            move = HistoryMove(record.person, record.to, record.reason, record.ingest_us)
            self.person.step(move, self._said)
            self._settle()

    def transition(self, record: Transition) -> None:
        """Take in what happened to an alert."""
        stage = self.person if record.scope is Scope.PERSON else self.area
        stage.step(record, self._said)
        self._settle()

    def answer(self, record: ClockAnswer) -> None:
        """Take in that the authority answered a contact."""
        self.service.step(record, self._said)
        self._settle()

    def snapshot(self) -> dict[str, dict[str, bytes]]:
        """Return every state as versioned bytes by key, with the models that may be active."""
        activation = self.person.activation
        return {
            "persons": self._persons.snapshot(),
            "cells": self._cells.snapshot(),
            "series": self._series.snapshot(),
            "clocks": self._clocks.snapshot(),
            "learner": {"": self.learner.snapshot()},
            "activation": {"": msgspec.json.encode(activation)} if activation else {},
            "models": {
                version: msgspec.json.encode(model.body) for version, model in self.models.items()
            },
        }

    def restore(self, snapshot: dict[str, dict[str, bytes]]) -> None:
        """Go on from a snapshot, of this or an older version; StateError where that cannot be."""
        self._persons.restore(snapshot["persons"])
        self._cells.restore(snapshot["cells"])
        self._series.restore(snapshot["series"])
        self._clocks.restore(snapshot["clocks"])
        self.models.clear()
        for version, body in snapshot["models"].items():
            self.models[version] = PersonModel(read_body(body), version)
        self._wire()
        self.learner.restore(snapshot["learner"][""])
        for activation in snapshot["activation"].values():
            self.person.step(msgspec.json.decode(activation, type=Activation), self._said)
        self._said.counts.clear()

    def _settle(self) -> None:
        """Hand outputs on, and what is for another stage to it, until all is said."""
        said, sink = self._said, self.sink
        while True:
            _drain(said.alerts, sink.alert)
            _drain(said.assessments, sink.assessment)
            _drain(said.clocks, sink.service_clock)
            said.snapshots.clear()
            if not (said.returned or said.examples or said.person_records):
                return
            self._hand_on()

    def _hand_on(self) -> None:
        """Give each stage what another one said to it; what it says in turn comes after."""
        said = self._said
        returned, examples, records = said.returned, said.examples, said.person_records
        said.returned, said.examples, said.person_records = [], [], []
        for clock in returned:
            transition = self.intake.help_transition(clock)
            if transition is not None:
                self.person.step(transition, said)
        for example in examples:
            self.learner.step(example, said)
        for record in records:
            self.person.step(record, said)


def _drain(said: list[T], hand_on: Callable[[T], None]) -> None:
    """Hand on what is in a list, in its order, and empty it."""
    if said:
        for one in said:
            hand_on(one)
        said.clear()
