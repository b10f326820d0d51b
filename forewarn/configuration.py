"""The configuration file of `--config`: TOML in the shape of `Configuration`, closed and checked.

Rules: every key is optional and has its default in the code; an unknown key is an error that names
its place. The digest of a configuration goes into every summary, so that runs can be compared; it
is of what the stages are told, as nothing else changes what a run says.
"""

import tomllib
from hashlib import sha256
from pathlib import Path
from typing import get_type_hints

import msgspec

from alerts.store.lifecycle import HandlingLimits
from streams.pipeline import PipelineConfig

CONFIG_BYTES_MAX = 1_048_576


class Configuration(PipelineConfig, frozen=True):
    """What the stages are told, and until when an alert of a level must have been handled."""

    handling: HandlingLimits = HandlingLimits()


class ConfigurationError(ValueError):
    """A configuration that cannot be used; the message says where and what to do."""


def read_configuration(path: Path | None) -> Configuration:
    """Return the configuration in a TOML file, or the defaults. Raises ConfigurationError."""
    if path is None:
        return Configuration()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > CONFIG_BYTES_MAX:
        raise ConfigurationError(f"{path}: is larger than {CONFIG_BYTES_MAX} bytes")
    try:
        plain = tomllib.loads(data.decode())
        return msgspec.convert(plain, Configuration)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}; see `forewarn config show`") from error


def digest_of(config: PipelineConfig) -> str:
    """Return the SHA-256 (hex) of what the stages are told, with all its defaults spelled out."""
    told = {name: _spelled_out(getattr(config, name)) for name in PipelineConfig.__struct_fields__}
    return sha256(msgspec.json.encode(msgspec.to_builtins(told), order="sorted")).hexdigest()


def _spelled_out(value: object) -> object:
    if isinstance(value, msgspec.Struct):
        return {name: _spelled_out(getattr(value, name)) for name in value.__struct_fields__}
    return value


def as_plain(config: PipelineConfig) -> dict[str, object]:
    """Return a configuration as plain values with every default spelled out."""
    plain = msgspec.to_builtins(_spelled_out(config), str_keys=True)
    if not isinstance(plain, dict):
        raise TypeError("a configuration is a table")
    return plain


def reasons_of(config: object) -> dict[str, str]:
    """Return why keys of a table have the defaults they have, where the code says it."""
    if not isinstance(config, msgspec.Struct):
        return {}
    hints = get_type_hints(type(config), include_extras=True)
    return {
        name: meta.description
        for name, hint in hints.items()
        for meta in getattr(hint, "__metadata__", ())
        if isinstance(meta, msgspec.Meta) and meta.description
    }
