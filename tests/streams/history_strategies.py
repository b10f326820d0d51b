"""Strategies for reports of one person: clustered in time, so that near-duplicates are common."""

from hypothesis import strategies as st

from schemas.state import HelpState, PastSignal
from schemas.taxonomy import Channel, Kind, Origin, Purpose, Sign
from schemas.times import DAY_US, MINUTE_US
from tests.builders import NOW_US, past_signal_of

KINDS = (Kind.FAMILY_DISPUTE, Kind.DOMESTIC_VIOLENCE, Kind.SELF_HARM)
DAYS_MAX = 170

_minutes = st.one_of(
    st.integers(0, 60), st.integers(0, 2 * 1_440), st.integers(0, DAYS_MAX * 1_440)
)
times_us = _minutes.map(lambda minutes: NOW_US - minutes * MINUTE_US)
signs = st.lists(st.sampled_from(Sign), max_size=4, unique=True).map(tuple)


@st.composite
def _past(draw: st.DrawFn, number: int) -> PastSignal:
    return past_signal_of(
        number,
        at_us=draw(times_us),
        kind=draw(st.sampled_from(KINDS)),
        purpose=draw(st.sampled_from((Purpose.HARM_REPORT, Purpose.HELP_REQUEST))),
        origin=draw(st.sampled_from((Origin.REPORTED, Origin.DISCOVERED))),
        channel=draw(st.sampled_from(Channel)),
        severity=draw(st.integers(0, 4)),
        signs=draw(signs),
        help_state=draw(st.sampled_from(HelpState)),
    )


@st.composite
def reports(
    draw: st.DrawFn, min_size: int = 0, max_size: int = 12, first: int = 1
) -> list[PastSignal]:
    """Reports with ids of their own, numbered from `first`, in any order of event time."""
    size = draw(st.integers(min_size, max_size))
    return [draw(_past(number)) for number in range(first, first + size)]


def days_ago(days: float) -> int:
    """The instant so many days before the newest possible report."""
    return NOW_US - round(days * DAY_US)
