"""One child under supervision: its process, where it is in its life, and whether it is well.

Rules: questions are asked in a thread and never hold the supervisor up; at most one is under way.
"""

from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace

from forewarn.machine import restarts
from forewarn.machine.checks import Check
from forewarn.machine.process import Process
from forewarn.machine.restarts import Life, Phase, RestartPolicy

ASK_EVERY_S = 2.0
_ASK_STARTING_S = 0.25


@dataclass(frozen=True)
class Health:
    """When it was last seen well, and whether the last question was answered."""

    well: bool = False
    well_s: float = 0.0
    asked_s: float = 0.0


class Member:
    """One child; every method takes `now_s` of a clock that does not go back."""

    def __init__(
        self, process: Process, policy: RestartPolicy, asking: Executor, now_s: float
    ) -> None:
        self.process = process
        self.child = process.child
        self.life = Life(since_s=now_s)
        self.health = Health()
        self.last_code: int | None = None
        self._policy = policy
        self._asking = asking
        self._asked: Future[bool] | None = None

    @property
    def serves(self) -> bool:
        """Whether what needs it may start."""
        return self.life.phase in restarts.SERVING

    def start(self, now_s: float) -> None:
        """Start it, or start it again."""
        self.process.start()
        self.life = restarts.started(self.life, now_s)
        self.health = Health(well_s=now_s)
        self._asked = None

    def look(self, now_s: float) -> bool:
        """Take note of what has become of it; return whether anything has changed."""
        before = self.life, self.health.well
        code = self.process.exit_code()
        if self.life.phase in restarts.RUNNING and code is not None:
            self.last_code = code
            self.life = restarts.ended(self.life, now_s, code, self._policy, once=self.child.once)
            self.health = replace(self.health, well=False)
        elif self.life.phase is Phase.STARTING:
            self._look_starting(now_s)
        elif self.life.phase is Phase.READY:
            self._look_ready(now_s)
        return before != (self.life, self.health.well)

    def _look_starting(self, now_s: float) -> None:
        if self._answer(self.child.ready, now_s, _ASK_STARTING_S):
            self.life = restarts.became_ready(self.life, now_s)
            self.health = Health(well=True, well_s=now_s, asked_s=now_s)
        elif now_s - self.life.since_s > self.child.start_s_max:
            self.process.kill()

    def _look_ready(self, now_s: float) -> None:
        answer = self._answer(self.child.well, now_s, ASK_EVERY_S)
        if answer is not None:
            well_s = now_s if answer else self.health.well_s
            self.health = replace(self.health, well=answer, well_s=well_s)
        if not self.health.well and now_s - self.health.well_s > self.child.unwell_s_max:
            self.process.kill()

    def _answer(self, check: Check | None, now_s: float, every_s: float) -> bool | None:
        """Return the answer of the question under way, None while there is none."""
        if check is None:
            return None
        if self._asked is None:
            if now_s - self.health.asked_s >= every_s:
                self.health = replace(self.health, asked_s=now_s)
                self._asked = self._asking.submit(
                    check.passes, self.process.log, self.process.said_from
                )
            return None
        if not self._asked.done():
            return None
        answer, self._asked = self._asked.result(), None
        return answer

    def tell_to_stop(self, now_s: float) -> None:
        """Tell it to stop, if it runs."""
        self.life = restarts.told_to_stop(self.life, now_s)
        self.process.terminate()
