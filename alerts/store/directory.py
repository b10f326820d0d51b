"""The area directory in the store: written when a projector starts, and kept in step with it.

Rules: a directory is told by its digest, so nothing is done where it is the same. Where an area
moved, the lines of its alerts are made anew, or they would be looked for in the wrong place.
"""

from hashlib import sha256

from sqlalchemy import Connection, delete, select, update

from alerts.store.engine import meta_of, unhurried, upsert_into
from alerts.store.places import area_rows
from alerts.store.reading import TIME_ZONE
from alerts.store.tables import ALERTS, AREAS, LEVEL_COLUMNS
from alerts.store.told import in_parts
from alerts.store.writing import set_meta
from schemas.areas import Directory, write_directory

DIRECTORY = "directory_sha256"
_ROWS = 1_000


def place_areas(connection: Connection, directory: Directory) -> bool:
    """Bring the store's areas in step with a directory; say whether anything was done."""
    digest = sha256(write_directory(directory)).hexdigest()
    if meta_of(connection, DIRECTORY) == digest:
        return False
    unhurried(connection)
    # Codes that were seen and are not listed, as prefix codes are, are placed by the new one too.
    before = connection.execute(select(AREAS.c.code)).scalars()
    codes = {*directory.areas, *(code for code in before if directory.known(code))}
    connection.execute(delete(AREAS))
    for part in in_parts(area_rows(sorted(codes), directory), _ROWS):
        connection.execute(upsert_into(AREAS, connection).on_conflict_do_nothing(), list(part))
    connection.execute(
        update(ALERTS)
        .where(ALERTS.c.area == AREAS.c.code)
        .values({ALERTS.c[name]: AREAS.c[name] for name in LEVEL_COLUMNS})
    )
    set_meta(connection, DIRECTORY, digest)
    set_meta(connection, TIME_ZONE, directory.time_zone)
    return True
