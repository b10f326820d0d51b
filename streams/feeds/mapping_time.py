"""Times of an export as aware datetimes: formats, time zones and the two nights of the year.

Rules: a time without an offset is local time of the mapping's zone. In autumn one hour happens
twice: the mapping says which is meant. In spring one hour never happens: such a time is refused,
or moved on by the hour that was skipped. A date alone is no time unless the format says so.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from streams.feeds.mapping_columns import Columns
from streams.feeds.mapping_file import TimeSpec
from streams.feeds.mapping_reasons import Reason, Refusal, nearest
from streams.feeds.mapping_yaml import Marked

ISO_CHARS_MIN = len("2000-01-01T00")
YEARS = range(1970, 2200)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_UNITS = {"epoch_s": timedelta(seconds=1), "epoch_ms": timedelta(milliseconds=1)}

TimeReader = Callable[[Sequence[str]], datetime | Refusal]
_PROBE = datetime(2001, 2, 3, 4, 5, 6)  # noqa: DTZ001 - probes a format, is no instant


def compile_time(spec: TimeSpec, columns: Columns, marked: Marked, key: str) -> TimeReader:
    """Return a function from a row's values to an aware datetime or a refusal.

    `key` is the key of the mapping that names the column. Raises MappingError for an unknown zone
    or a format that cannot be read.
    """
    place = columns.place(spec.column, key, "column")
    zone = _zone(spec, marked)
    parse = _parser(spec.format, zone, marked, key)
    line = marked.line(key, "column")
    format_line = marked.line(key, "format")

    def read(values: Sequence[str]) -> datetime | Refusal:
        text = values[place]
        if not text:
            return Refusal(Reason.NO_TIME, line, f"{spec.column!r} is blank")
        try:
            at = parse(text)
        except (ValueError, OverflowError):
            return Refusal(Reason.BAD_TIME, format_line, f"{text[:64]!r} is not {spec.format!r}")
        if at.year not in YEARS:
            return Refusal(Reason.BAD_TIME, format_line, f"{text[:64]!r}: not in our time")
        if at.tzinfo is not None:
            return at
        return _localised(at.replace(tzinfo=zone), spec, marked)

    return read


def _localised(at: datetime, spec: TimeSpec, marked: Marked) -> datetime | Refusal:
    later = at.replace(fold=1)
    first, second = at.utcoffset(), later.utcoffset()
    if first == second or first is None or second is None:
        return at
    if first > second:
        if spec.when_ambiguous == "refuse":
            line = marked.line("time", "when_ambiguous")
            return Refusal(Reason.TIME_AMBIGUOUS, line, f"{at:%Y-%m-%d %H:%M:%S} came twice")
        return at if spec.when_ambiguous == "earlier" else later
    if spec.when_skipped == "refuse":
        line = marked.line("time", "when_skipped")
        return Refusal(Reason.TIME_SKIPPED, line, f"{at:%Y-%m-%d %H:%M:%S} never was")
    return at.astimezone(UTC).astimezone(at.tzinfo)


def _zone(spec: TimeSpec, marked: Marked) -> ZoneInfo:
    try:
        return ZoneInfo(spec.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise marked.error(
            f"no time zone is called {spec.time_zone!r}."
            f"{nearest(spec.time_zone, available_timezones())} Write it as in Asia/Shanghai",
            "time",
            "time_zone",
        ) from error


def _parser(written: str, zone: ZoneInfo, marked: Marked, key: str) -> Callable[[str], datetime]:
    if written == "iso":
        return _iso
    if written in EPOCH_UNITS:
        unit = EPOCH_UNITS[written]
        return lambda text: (EPOCH + float(text) * unit).astimezone(zone)
    _check_format(written, marked, key)
    return lambda text: datetime.strptime(text, written)  # noqa: DTZ007 - made aware by the caller


def _iso(text: str) -> datetime:
    if len(text) < ISO_CHARS_MIN:
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _check_format(written: str, marked: Marked, key: str) -> None:
    try:
        back = datetime.strptime(_PROBE.strftime(written), written)  # noqa: DTZ007 - probes a format
    except ValueError as error:
        if "%z" in written.lower():
            return
        raise marked.error(
            f"{written!r} is no format of times ({error}); write `iso`, `epoch_s`, `epoch_ms`, or "
            "the parts as in `%d/%m/%Y %H:%M`",
            key,
            "format",
        ) from error
    if back.date() != _PROBE.date():
        raise marked.error(
            f"{written!r} does not name year, month and day; an event happens on a day",
            key,
            "format",
        )
