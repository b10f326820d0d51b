"""The frozen parameters, their held-out variants and named scenarios.

Rules: the file is not touched after the first model; a test holds its SHA-256, another one the
bytes of a whole small town. A held-out variant changes only what `ranges` names, by draws that a
reader can repeat.
"""

from hashlib import sha256
from importlib.resources import files
from typing import Any

import msgspec
import yaml

from streams.feeds.known_truth.parameters import Parameters, Size
from streams.feeds.town_chance import generator
from streams.feeds.town_config import TownError

VARIANT_MAX = 1_000_000
_FILE = "parameters.yaml"


def parameter_bytes() -> bytes:
    """Return the frozen file as it is."""
    return files("streams.feeds.known_truth").joinpath(_FILE).read_bytes()


def parameter_digest() -> str:
    """Return the SHA-256 of the frozen file, in hex."""
    return sha256(parameter_bytes()).hexdigest()


def frozen_parameters() -> Parameters:
    """Return the parameters of the frozen file."""
    return msgspec.convert(yaml.safe_load(parameter_bytes()), Parameters)


def sized(parameters: Parameters, persons: int | None, days: int | None) -> Parameters:
    """Return the same parameters for another number of people or days (None keeps it)."""
    size = parameters.town
    return msgspec.structs.replace(
        parameters,
        town=Size(persons=persons or size.persons, days=days or size.days, start=size.start),
    )


def _changed(parameters: Parameters, changes: dict[str, int | float]) -> Parameters:
    """Return parameters with some numbers replaced, each named by its dotted path."""
    plain: dict[str, Any] = msgspec.to_builtins(parameters)
    for path, value in changes.items():
        *parents, name = path.split(".")
        inner = plain
        for parent in parents:
            inner = inner[parent]
        if name not in inner:
            raise TownError(f"there is no parameter {path!r}")
        inner[name] = value
    return msgspec.convert(plain, Parameters)


def variant_of(parameters: Parameters, number: int) -> Parameters:
    """Return held-out variant `number`: each ranged parameter drawn uniformly; 0 changes nothing.

    Draws depend on `number` and the order of the file alone.
    """
    if number == 0:
        return parameters
    chance = generator(number)
    drawn: dict[str, int | float] = {
        path: float(chance.uniform(*bounds)) for path, bounds in parameters.ranges.items()
    }
    return _changed(parameters, drawn)


def scenario_of(parameters: Parameters, name: str) -> Parameters:
    """Return the named scenario of the file. Raises TownError for a name that is not there."""
    if name not in parameters.scenarios:
        known = ", ".join(sorted(parameters.scenarios))
        raise TownError(f"there is no scenario {name!r}; there are: {known}")
    return _changed(parameters, parameters.scenarios[name])
