"""What is asked of the store, on both databases: pages, filters, areas, persons, changes."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from sqlalchemy import Engine, event

from alerts.store.directory import place_areas
from alerts.store.engine import writing_on
from alerts.store.lifecycle import AlertState
from alerts.store.pages import PAGE_MAX, AlertFilter, CursorError, Sort
from alerts.store.reading import Reading
from schemas.areas import Area, Directory
from schemas.closed import Text
from schemas.outcomes import Change
from schemas.taxonomy import AreaLevel, Kind, Level, Scope
from schemas.times import HOUR_US, local_day, to_us
from tests.alerts.store.stores import (
    GRID,
    OTHER_GRID,
    PREFIXES,
    alert,
    alert_id,
    at,
    surge_assessment,
    tell,
)
from tests.builders import NOW_US, PERSON, area_signal, person_signal, signal_id


def filled(engine: Engine, number: int = 7) -> Reading:
    """Alerts 1 to so many, an hour apart, by turns in one grid and in another county's."""
    tell(
        engine,
        *(
            alert(
                one,
                subject=f"{one:032x}",
                opened_h=one,
                area=GRID if one % 2 else OTHER_GRID,
                level=Level.RED if one % 3 == 0 else Level.YELLOW,
                kind=Kind.SCHOOL if one == 5 else Kind.FAMILY_DISPUTE,
            )
            for one in range(1, number + 1)
        ),
    )
    return Reading(engine)


def numbers(reading: Reading, **wanted: object) -> list[int]:
    page = reading.alerts(AlertFilter(**wanted))  # type: ignore[arg-type]  # as each test names them
    return [int(row.alert.alert_id, 16) for row in page.rows]


def test_pages_by_either_order_hold_everything_once(engine: Engine) -> None:
    reading = filled(engine)
    for sort, first in ((Sort.TIME, [7, 6]), (Sort.DEADLINE, [3, 6])):
        seen: list[int] = []
        cursor = None
        while True:
            page = reading.alerts(AlertFilter(sort=sort), cursor=cursor, limit=2)
            seen += [int(row.alert.alert_id, 16) for row in page.rows]
            cursor = page.cursor
            if cursor is None:
                break
        assert (sorted(seen), seen[:2]) == ([1, 2, 3, 4, 5, 6, 7], first)


def test_a_page_stays_in_its_place_when_newer_alerts_come(engine: Engine) -> None:
    reading = filled(engine, 4)
    page = reading.alerts(AlertFilter(), limit=2)
    tell(engine, alert(9, subject="9" * 32, opened_h=9))
    rest = reading.alerts(AlertFilter(), cursor=page.cursor, limit=10)
    assert [int(row.alert.alert_id, 16) for row in rest.rows] == [2, 1]


def test_filters_narrow_and_add_up(engine: Engine) -> None:
    reading = filled(engine)
    assert numbers(reading, levels=(Level.RED,)) == [6, 3]
    assert numbers(reading, kinds=(Kind.SCHOOL,)) == [5]
    assert numbers(reading, scopes=(Scope.AREA,)) == []
    assert numbers(reading, states=(AlertState.NEW,), levels=(Level.RED,)) == [6, 3]
    assert numbers(reading, states=(AlertState.CLOSED,)) == []
    since, until = NOW_US + 2 * HOUR_US, NOW_US + 4 * HOUR_US
    assert numbers(reading, since_us=since, until_us=until) == [3, 2]


IN_AREAS: dict[tuple[str, ...], list[int]] = {
    ("4407",): [7, 6, 5, 4, 3, 2, 1],
    ("440703",): [7, 5, 3, 1],
    (GRID,): [7, 5, 3, 1],
    ("440705101",): [6, 4, 2],
    ("440703", "440705"): [7, 6, 5, 4, 3, 2, 1],
    ("4407", GRID, "440703"): [7, 6, 5, 4, 3, 2, 1],
    ("440799",): [],
    ("nowhere' OR 1=1",): [],
}


@pytest.mark.parametrize("sort", list(Sort))
def test_an_area_holds_all_that_lies_in_it(engine: Engine, sort: Sort) -> None:
    reading = filled(engine)
    for areas, expected in IN_AREAS.items():
        found = numbers(reading, areas=areas, sort=sort)
        assert sorted(found, reverse=True) == expected, areas


def test_a_cursor_that_is_none_of_ours_is_refused(engine: Engine) -> None:
    for cursor in (
        "",
        "nonsense",
        "ä",
        "x" * 600,
        urlsafe_b64encode(b'["",1,"a"]').decode(),
        urlsafe_b64encode(b'["",99999999999999999999,"a"]').decode(),
    ):
        with pytest.raises(CursorError, match=r"none of ours|another question"):
            Reading(engine).alerts(AlertFilter(), cursor=cursor)


def test_a_cursor_of_another_question_is_refused(engine: Engine) -> None:
    reading = filled(engine)
    cursor = reading.alerts(AlertFilter(), limit=2).cursor
    with pytest.raises(CursorError, match="another question"):
        reading.alerts(AlertFilter(sort=Sort.DEADLINE), cursor=cursor)
    with pytest.raises(ValueError, match=str(PAGE_MAX)):
        reading.alerts(AlertFilter(), limit=PAGE_MAX + 1)


def test_an_alert_comes_with_the_reports_behind_it(engine: Engine) -> None:
    tell(engine, alert(evidence=(1, 2, 8)), person_signal(1), person_signal(2), person_signal(3))
    detail = Reading(engine).alert(alert_id(1))
    assert detail is not None
    assert {one.id for one in detail.events} == {signal_id(1), signal_id(2)}
    assert Reading(engine).alert("none") is None


def test_a_person_shows_alerts_and_reports_and_nothing_of_another(engine: Engine) -> None:
    other = "b" * 32
    tell(
        engine,
        alert(1),
        alert(2, subject=other),
        person_signal(1),
        area_signal(1),
        person_signal(2, person=other),
    )
    person = Reading(engine).person(PERSON)
    assert person is not None
    assert [row.alert.alert_id for row in person.alerts] == [alert_id(1)]
    assert [(one.id, one.line[-1]) for one in person.events] == [(signal_id(1), GRID)]
    assert Reading(engine).person("c" * 32) is None


def test_a_series_counts_reports_once_and_shows_what_was_judged(engine: Engine) -> None:
    day = local_day(NOW_US, PREFIXES.time_zone)
    iso = at(0).date().isoformat()
    tell(engine, area_signal(1), area_signal(2), area_signal(2), person_signal(1))
    tell(engine, area_signal(1), surge_assessment(iso, 7, hours=1))
    tell(engine, surge_assessment(iso, 5, hours=0))
    reading = Reading(engine)
    (counted,) = reading.series("440703", Kind.FAMILY_DISPUTE, day, day)
    assert (counted.day, counted.reports, counted.incidents) == (iso, 2, 7)
    assert (counted.expected, counted.bound, counted.level) == (2.5, 6.0, Level.ORANGE)
    assert reading.series("440703", Kind.SCHOOL, day, day) == ()
    assert reading.series(GRID, Kind.FAMILY_DISPUTE, day + 1, day + 9) == ()
    with pytest.raises(ValueError, match="days"):
        reading.series(GRID, Kind.SCHOOL, 1, 9_999)


def test_an_area_shows_its_children_and_the_alarms_in_it(engine: Engine) -> None:
    tell(
        engine,
        alert(1, scope=Scope.AREA, subject="440703101", area="440703101"),
        alert(2, scope=Scope.AREA, subject="440705", area="440705"),
        alert(3, area=GRID),
    )
    area = Reading(engine).area("440703")
    assert area is not None
    assert [child.code for child in area.children] == ["440703101"]
    assert [alarm.alert.subject for alarm in area.alarms] == ["440703101"]
    assert area.line == ("4407", "440703") == Reading(engine).line("440703")
    assert Reading(engine).area("9999") is None


def test_alerts_move_with_an_area_that_moves(engine: Engine) -> None:
    def listed(parent: str) -> Directory:
        areas = [Area(code, AreaLevel.COUNTY, Text(en=code, zh=code)) for code in ("east", "west")]
        town = Area("town", AreaLevel.TOWN, Text(en="Town", zh="镇"), parent=parent)
        return Directory([*areas, town])

    tell(engine, alert(1, area="town"), directory=listed("east"))
    assert numbers(Reading(engine), areas=("east",)) == [1]
    with writing_on(engine) as connection:
        assert place_areas(connection, listed("west"))
        assert not place_areas(connection, listed("west"))
    assert numbers(Reading(engine), areas=("east",)) == []
    assert numbers(Reading(engine), areas=("west",)) == [1]


def test_those_who_follow_get_each_change_once_in_order(engine: Engine) -> None:
    reading = filled(engine, 5)
    tell(engine, alert(2, 2, Change.EVIDENCE_ADDED, subject=f"{2:032x}", area=OTHER_GRID))
    first = reading.alerts_after(0, limit=4)
    rest = reading.alerts_after(first.last, limit=4)
    told = [(row.sequence, int(row.view.alert.alert_id, 16)) for row in (*first.rows, *rest.rows)]
    assert told == [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 2)]
    assert reading.alerts_after(rest.last) == ((), 6, False)
    assert reading.sequence() == 6
    assert reading.alerts_after(99).lost


def test_lists_are_walked_along_an_index(engine: Engine) -> None:
    """Without one, a page of a million alerts takes seconds; the planner is asked itself."""
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL rightly reads a table this small as a whole; the benchmark looks there
    reading = filled(engine)
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    for sort, index in ((Sort.TIME, "alerts_by_time"), (Sort.DEADLINE, "alerts_by_deadline")):
        for areas, column in (((), ""), (("440703",), "_county"), ((GRID,), "_grid")):
            reading.alerts(AlertFilter(areas=areas, sort=sort))
            statement, values = asked[-1]
            raw = engine.raw_connection()
            plan = raw.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
            raw.close()
            assert any(f"INDEX {index}{column} " in f"{row[-1]} " for row in plan), plan


def test_an_instant_of_the_store_is_the_records_own(engine: Engine) -> None:
    tell(engine, person_signal(1, at_us=NOW_US + 1, ingest_us=NOW_US + 2))
    found = Reading(engine).event(signal_id(1))
    assert found is not None
    assert (to_us(found.time), to_us(found.ingesttime)) == (NOW_US + 1, NOW_US + 2)
