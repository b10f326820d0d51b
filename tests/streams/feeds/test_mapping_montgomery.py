"""The shipped mapping of the Montgomery County calls, and its area directory."""

from functools import cache
from importlib.resources import files

import pytest

from schemas.areas import Directory
from schemas.taxonomy import AreaLevel, Kind, Purpose, Sign
from streams.feeds.mapping import Mapped, RejectedRow
from streams.feeds.mapping_reasons import FeedFileError
from streams.feeds.mapping_shipped import load_mapping, shipped_mappings
from tests.streams.feeds.mapping_samples import csv_of
from tests.streams.feeds.mapping_samples import mapped as mapped_by

HEADER = "time,category,township,zip,lat,lon"
COUNTY = "US-42-091"
EMS = """ABDOMINAL PAINS;ACTIVE SHOOTER;ALLERGIC REACTION;ALTERED MENTAL STATUS;AMPUTATION;ANIMAL
BITE;APPLIANCE FIRE;ASSAULT VICTIM;BACK PAINS/INJURY;BUILDING FIRE;BURN VICTIM;CARBON MONOXIDE
DETECTOR;CARDIAC ARREST;CARDIAC EMERGENCY;CHOKING;CVA/STROKE;DEBRIS/FLUIDS ON HIGHWAY;DEHYDRATION;
DIABETIC EMERGENCY;DISABLED VEHICLE;DIZZINESS;ELECTROCUTION;EMS SPECIAL SERVICE;EYE INJURY;FALL
VICTIM;FEVER;FIRE ALARM;FIRE INVESTIGATION;FIRE SPECIAL SERVICE;FRACTURE;GAS-ODOR/LEAK;GENERAL
WEAKNESS;HAZARDOUS MATERIALS INCIDENT;HEAD INJURY;HEAT EXHAUSTION;HEMORRHAGING;LACERATIONS;
MATERNITY;MEDICAL ALERT ALARM;NAUSEA/VOMITING;OVERDOSE;PLANE CRASH;POISONING;RESCUE - ELEVATOR;
RESCUE - GENERAL;RESCUE - TECHNICAL;RESCUE - WATER;RESPIRATORY EMERGENCY;S/B AT HELICOPTER LANDING;
SEIZURES;SHOOTING;STABBING;SUBJECT IN PAIN;SYNCOPAL EPISODE;TRAIN CRASH;TRANSFERRED CALL;
UNCONSCIOUS SUBJECT;UNKNOWN MEDICAL EMERGENCY;UNKNOWN TYPE FIRE;UNRESPONSIVE SUBJECT;VEHICLE
ACCIDENT;VEHICLE FIRE;WARRANT SERVICE;WOODS/FIELD FIRE"""
FIRE = """APPLIANCE FIRE;BUILDING FIRE;BURN VICTIM;CARBON MONOXIDE DETECTOR;CARDIAC ARREST;
DEBRIS/FLUIDS ON HIGHWAY;DIABETIC EMERGENCY;ELECTRICAL FIRE OUTSIDE;EMS SPECIAL SERVICE;FIRE
ALARM;FIRE INVESTIGATION;FIRE POLICE NEEDED;FIRE SPECIAL SERVICE;GAS-ODOR/LEAK;HAZARDOUS MATERIALS
INCIDENT;MEDICAL ALERT ALARM;PLANE CRASH;POLICE INFORMATION;PUMP DETAIL;RESCUE - ELEVATOR;RESCUE -
GENERAL;RESCUE - TECHNICAL;RESCUE - WATER;S/B AT HELICOPTER LANDING;TRAIN CRASH;TRANSFERRED CALL;
TRASH/DUMPSTER FIRE;UNCONSCIOUS SUBJECT;UNKNOWN MEDICAL EMERGENCY;UNKNOWN TYPE FIRE;VEHICLE
ACCIDENT;VEHICLE FIRE;VEHICLE LEAKING FUEL;WOODS/FIELD FIRE"""
TRAFFIC = """DEBRIS/FLUIDS ON HIGHWAY;DISABLED VEHICLE;HAZARDOUS ROAD CONDITIONS;ROAD OBSTRUCTION;
VEHICLE ACCIDENT;VEHICLE FIRE;VEHICLE LEAKING FUEL"""
CATEGORIES = [
    f"{service}: {' '.join(name.split())}"
    for service, names in (("EMS", EMS), ("Fire", FIRE), ("Traffic", TRAFFIC))
    for name in names.split(";")
]
LEFT_OUT = {
    "EMS: TRANSFERRED CALL",
    "Fire: TRANSFERRED CALL",
    "EMS: WARRANT SERVICE",
    "Fire: POLICE INFORMATION",
}


@cache
def directory() -> Directory:
    found = load_mapping("montgomery-911").directory
    assert found is not None
    return found


@cache
def text() -> str:
    file = files("streams.feeds") / "shipped" / "montgomery-911.yaml"
    return file.read_text(encoding="utf-8")


def one(
    category: str = "EMS: FALL VICTIM", place: str = "ABINGTON,19001", at: str = "40.1,-75.1"
) -> Mapped | RejectedRow:
    data = csv_of(f"2016-01-23 10:00:00,{category},{place},{at}", header=HEADER)
    return mapped_by(data, text(), directory())[0]


def event(category: str = "EMS: FALL VICTIM", place: str = "ABINGTON,19001") -> Mapped:
    found = one(category, place)
    assert isinstance(found, Mapped)
    return found


def test_it_is_shipped_by_name() -> None:
    assert "montgomery-911" in shipped_mappings()
    with pytest.raises(FeedFileError, match="Did you mean 'montgomery-911'"):
        load_mapping("montgomery")


def test_there_are_105_categories() -> None:
    assert len(set(CATEGORIES)) == 105


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_of_the_real_calls_has_a_rule_of_its_own(category: str) -> None:
    rules = load_mapping("montgomery-911").file.category.rules
    named = {word for rule in rules for word in (rule.equals or ())}
    words = {rule.equals for rule in rules if isinstance(rule.equals, str)}
    assert category in named | words
    assert isinstance(one(category), RejectedRow) == (category in LEFT_OUT)


def test_nobody_is_named_and_nothing_reaches_a_person() -> None:
    assert all(
        found.event.data.person is None
        for category in CATEGORIES
        if isinstance(found := one(category), Mapped)
    )


@pytest.mark.parametrize(
    ("category", "kind", "severity"),
    [
        ("Traffic: HAZARDOUS ROAD CONDITIONS", Kind.NATURAL_HAZARD, 2),
        ("Traffic: ROAD OBSTRUCTION", Kind.NATURAL_HAZARD, 2),
        ("Fire: ELECTRICAL FIRE OUTSIDE", Kind.NATURAL_HAZARD, 3),
        ("Traffic: DISABLED VEHICLE", Kind.ACCIDENT, 1),
        ("Fire: GAS-ODOR/LEAK", Kind.FIRE_GAS_HAZARD, 3),
        ("EMS: CARDIAC ARREST", Kind.MEDICAL_EMERGENCY, 4),
        ("EMS: A CATEGORY OF TOMORROW", Kind.MEDICAL_EMERGENCY, 2),
    ],
)
def test_what_some_categories_mean(category: str, kind: Kind, severity: int) -> None:
    data = event(category).event.data
    assert (data.kind, data.severity) == (kind, severity)


def test_signs_are_there_only_where_the_category_names_them() -> None:
    with_weapon = {
        category
        for category in CATEGORIES
        if isinstance(found := one(category), Mapped) and Sign.WEAPON in found.event.data.signs
    }
    assert with_weapon == {"EMS: SHOOTING", "EMS: STABBING", "EMS: ACTIVE SHOOTER"}


def test_services_asked_for_are_no_reports_of_harm() -> None:
    for category in ("Fire: PUMP DETAIL", "Fire: FIRE POLICE NEEDED", "EMS: EMS SPECIAL SERVICE"):
        assert event(category).event.data.purpose is Purpose.SERVICE_REQUEST


@pytest.mark.parametrize(
    ("place", "area"),
    [
        ("ABINGTON,19001", "/ABINGTON/19001"),
        ("LOWER MERION,19010", "/LOWER-MERION/19010"),
        ("ABINGTON,", "/ABINGTON"),
        ("ABINGTON,36107", "/ABINGTON"),
        ("BUCKS COUNTY,18966", "/OUTSIDE/BUCKS-COUNTY"),
        ("PHILA COUNTY,", "/OUTSIDE/PHILADELPHIA-COUNTY"),
        (",19040", "/UNKNOWN"),
        (",", "/UNKNOWN"),
        ("ATLANTIS,19001", "/UNKNOWN"),
    ],
)
def test_places(place: str, area: str) -> None:
    assert event(place=place).event.data.area == COUNTY + area


def test_an_address_placed_in_another_state_is_left_out() -> None:
    found = one(at="32.387,-86.276")
    assert isinstance(found, Mapped)
    assert found.event.data.location is None
    assert found.left_out == ("location outside the bounds",)


def test_every_area_lies_in_the_county_with_a_partition() -> None:
    placed = [directory().place(code) for code in directory().areas]
    assert {one.home for one in placed if one} == {COUNTY}
    assert directory().county_partitions == {COUNTY: 0}
    assert directory().time_zone == "America/New_York"


def test_townships_have_neighbours_and_neighbours_are_mutual() -> None:
    towns = [area for area in directory().areas.values() if area.level is AreaLevel.TOWN]
    alone = {area.code for area in towns if not area.neighbours}
    assert alone == {f"{COUNTY}/OUTSIDE", f"{COUNTY}/UNKNOWN"}
    for area in towns:
        for neighbour in area.neighbours:
            assert area.code in directory().areas[neighbour].neighbours


def test_the_smallest_cells_are_parts_of_a_zip_within_a_township() -> None:
    cells = [area for area in directory().areas.values() if area.level is AreaLevel.COMMUNITY]
    zips: dict[str, set[str | None]] = {}
    for area in cells:
        zips.setdefault(area.code.rsplit("/", 1)[1], set()).add(area.parent)
    assert len(cells) == 210
    assert sum(len(parents) > 1 for parents in zips.values()) > 40
