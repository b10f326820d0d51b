"""The invented place a synthetic town stands on: names, codes that nest, neighbours, coordinates.

Rules: nothing here exists. Codes begin with 99, which no region of GB/T 2260 has; names are made
up in both languages; the coordinates lie in open sea. One map has 2 counties, 8 towns, 24
communities and 96 grids, whatever the number of persons.
"""

from schemas.areas import Area, Directory
from schemas.closed import Closed, Text
from schemas.taxonomy import AreaLevel

ZONE = "Asia/Shanghai"
MAP_VERSION = "synthetic-town-1"
CITY = "9901"
GRIDS_PER_COMMUNITY = 4
COMMUNITIES_PER_TOWN = 3
_LAT = 19.0
_LON = 114.0
_STEP_DEG = {"county": 0.4, "town": 0.08, "community": 0.024, "grid": 0.006}

_CITY_NAME = Text(en="Farhaven City (invented)", zh="远港市(虚构)")
_COUNTIES = (("Lantern District", "灯影区"), ("Willow County", "柳烟县"))
_TOWNS = (
    (("Heron", "白鹭"), ("Kiln", "窑前"), ("Ferry", "渡口"), ("Bamboo", "竹下")),
    (("Orchard", "果园"), ("Mill", "磨坊"), ("Pine", "松风"), ("Harbour", "泊湾")),
)
_COMMUNITIES = (
    (("Morning Cloud", "朝云"), ("Old Well", "古井"), ("Long Bridge", "长桥")),
    (("Red Brick", "红砖"), ("Blue Tile", "青瓦"), ("Three Stoves", "三灶")),
    (("East Steps", "东阶"), ("West Steps", "西阶"), ("Oar Lane", "桨巷")),
    (("Green Shade", "绿荫"), ("Spring Shoot", "春笋"), ("Rain Eaves", "雨檐")),
    (("Pear Blossom", "梨花"), ("Plum Stone", "梅石"), ("Bee Garden", "蜂园")),
    (("Water Wheel", "水车"), ("White Flour", "白面"), ("Stone Roll", "石碾")),
    (("Hill Gate", "山门"), ("Cone Path", "松果"), ("Echo Rock", "回音")),
    (("Lighthouse", "灯塔"), ("Rope Walk", "缆绳"), ("Salt Pan", "盐田")),
)


class TownMap(Closed, frozen=True):
    """The directory, and for each grid its code, its county and its centre (degrees, WGS 84).

    Grids are numbered in the order of their codes; the grids of one community are
    `GRIDS_PER_COMMUNITY` in a row, so a community's number is the grid's divided by that.
    """

    directory: Directory
    grids: tuple[str, ...]
    county_of_grid: tuple[int, ...]
    counties: tuple[str, ...]
    lat: tuple[float, ...]
    lon: tuple[float, ...]

    def communities(self) -> int:
        """Return the number of communities."""
        return len(self.grids) // GRIDS_PER_COMMUNITY

    def grids_in(self, place: str) -> tuple[int, ...]:
        """Return the numbers of the grids whose code begins with `place`."""
        return tuple(n for n, grid in enumerate(self.grids) if grid.startswith(place))


def _siblings(parent: str, names: tuple[tuple[str, str], ...], level: AreaLevel) -> list[Area]:
    """Make the areas below one parent; each is a neighbour of the one before and after it."""
    digits = 2 if level is AreaLevel.COUNTY else 3
    all_codes = [f"{parent}{number:0{digits}d}" for number in range(1, len(names) + 1)]
    return [
        Area(
            code=own,
            level=level,
            name=Text(en=en, zh=zh),
            parent=parent,
            neighbours=tuple(all_codes[max(0, at - 1) : at] + all_codes[at + 1 : at + 2]),
        )
        for at, (own, (en, zh)) in enumerate(zip(all_codes, names, strict=True))
    ]


def _below_town(town: Area, names: tuple[tuple[str, str], ...]) -> list[Area]:
    communities = tuple((f"{en} Community", f"{zh}社区") for en, zh in names)
    made: list[Area] = []
    for community, (en, zh) in zip(
        _siblings(town.code, communities, AreaLevel.COMMUNITY), names, strict=True
    ):
        numbers = range(1, GRIDS_PER_COMMUNITY + 1)
        grids = tuple((f"{en} Grid {n}", f"{zh}第{n}网格") for n in numbers)
        made += [community, *_siblings(community.code, grids, AreaLevel.GRID)]
    return made


def _areas() -> list[Area]:
    made = [Area(code=CITY, level=AreaLevel.CITY, name=_CITY_NAME)]
    for at, county in enumerate(_siblings(CITY, _COUNTIES, AreaLevel.COUNTY)):
        made.append(county)
        towns = tuple((f"{en} Town", f"{zh}镇") for en, zh in _TOWNS[at])
        for number, town in enumerate(_siblings(county.code, towns, AreaLevel.TOWN)):
            made += [town, *_below_town(town, _COMMUNITIES[at * len(towns) + number])]
    return made


def _centre(grid: str) -> tuple[float, float]:
    """Place a grid: counties and communities run east, towns and grids run north."""
    county, town, community, own = int(grid[4:6]), int(grid[6:9]), int(grid[9:12]), int(grid[12:])
    lat = _LAT + town * _STEP_DEG["town"] + own * _STEP_DEG["grid"]
    lon = _LON + county * _STEP_DEG["county"] + community * _STEP_DEG["community"]
    return round(lat, 4), round(lon, 4)


def build_map() -> TownMap:
    """Return the one invented map."""
    areas = _areas()
    counties = tuple(area.code for area in areas if area.level is AreaLevel.COUNTY)
    directory = Directory(
        areas,
        version=MAP_VERSION,
        time_zone=ZONE,
        county_partitions={county: at for at, county in enumerate(counties)},
    )
    grids = tuple(sorted(area.code for area in areas if area.level is AreaLevel.GRID))
    centres = [_centre(grid) for grid in grids]
    return TownMap(
        directory=directory,
        grids=grids,
        county_of_grid=tuple(counties.index(grid[:6]) for grid in grids),
        counties=counties,
        lat=tuple(lat for lat, _ in centres),
        lon=tuple(lon for _, lon in centres),
    )
