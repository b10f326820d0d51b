"""Mappings by name or path: those that come with forewarn, and an analyst's own.

Rules: a path that is there wins over a shipped name. The area directory that a mapping names lies
beside it and nowhere else; another one can be given instead. Shipped files are found as package
resources, so they are there however forewarn was installed.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from schemas.areas import Directory, DirectoryError, read_directory
from streams.feeds.mapping import Mapping, compile_mapping
from streams.feeds.mapping_file import read_mapping_file
from streams.feeds.mapping_reasons import FeedFileError, listed, nearest
from streams.feeds.mapping_yaml import TEXT_CHARS_MAX

SUFFIX = ".yaml"
AREAS_SUFFIX = ".areas.json"
TEXT_BYTES_MAX = 4 * TEXT_CHARS_MAX
DIRECTORY_BYTES_MAX = 64 * 1024 * 1024


def shipped_mappings() -> dict[str, str]:
    """Return the shipped mappings: name to the first line of what each says about itself."""
    found = {}
    for entry in _shipped().iterdir():
        if entry.name.endswith(SUFFIX):
            first = entry.read_text(encoding="utf-8").partition("\n")[0]
            found[entry.name.removesuffix(SUFFIX)] = first.removeprefix("#").strip()
    return dict(sorted(found.items()))


def load_mapping(which: str, areas: Path | None = None) -> Mapping:
    """Return the mapping at the path, or of the shipped name, `which`, ready to map one file.

    `areas` is an area directory to use instead of the one the mapping names. Raises FeedFileError
    where a file is not there or cannot be read, MappingError for a mapping that is wrong.
    """
    place = _find(which)
    text = _text(place)
    named = read_mapping_file(text, place.name)[0].area.directory
    directory = None
    if areas is not None:
        directory = _directory(areas)
        if directory is None:
            raise FeedFileError(f"{areas} is not there; --areas takes an area directory (JSON)")
    elif named is not None:
        directory = _directory(_beside(place, named))
    return compile_mapping(text, place.name, directory)


def load_areas(which: str) -> Directory:
    """Return the area directory at the path, or shipped with the mapping of the name, `which`.

    Raises FeedFileError where there is none, or it cannot be read or contradicts itself.
    """
    named = Path(which)
    place = named if named.is_file() else _shipped().joinpath(which + AREAS_SUFFIX)
    directory = _directory(place)
    if directory is None:
        raise FeedFileError(
            f"there is no area directory {which!r}, and none of that name is shipped with a "
            f"mapping. Mappings shipped: {listed(shipped_mappings())}"
        )
    return directory


def _shipped() -> Traversable:
    return files("streams.feeds").joinpath("shipped")


def _find(which: str) -> Traversable:
    path = Path(which)
    if path.is_file():
        return path
    shipped = shipped_mappings()
    if which in shipped:
        return _shipped().joinpath(which + SUFFIX)
    raise FeedFileError(
        f"there is no mapping file {which!r}, and none of that name is shipped."
        f"{nearest(which, shipped)} Shipped: {listed(shipped)}"
    )


def _beside(place: Traversable, name: str) -> Traversable | None:
    if Path(name).name != name:
        raise FeedFileError(
            f"{place.name} names the area directory {name!r}: write a file name without folders, "
            "and put the file beside the mapping, or give its path with --areas"
        )
    if isinstance(place, Path):
        return place.parent / name
    return _shipped().joinpath(name)


def _text(place: Traversable) -> str:
    with place.open("rb") as file:
        data = file.read(TEXT_BYTES_MAX + 1)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FeedFileError(
            f"{place.name} line {line}: a mapping is UTF-8 text; save it as UTF-8"
        ) from error


def _directory(place: Traversable | None) -> Directory | None:
    if place is None or not place.is_file():
        return None
    with place.open("rb") as file:
        data = file.read(DIRECTORY_BYTES_MAX + 1)
    if len(data) > DIRECTORY_BYTES_MAX:
        raise FeedFileError(f"{place.name} is larger than an area directory may be")
    try:
        return read_directory(data)
    except DirectoryError as error:
        raise FeedFileError(f"{place.name}: {error}") from error
