"""The configuration file of `--config`: TOML in the shape of `PipelineConfig`, closed and checked.

Rules: every key is optional and has its default in the code; an unknown key is an error that names
its place. The digest of a configuration goes into every summary, so that runs can be compared.
"""

import tomllib
from hashlib import sha256
from pathlib import Path

import msgspec

from streams.pipeline import PipelineConfig

CONFIG_BYTES_MAX = 1_048_576


class ConfigurationError(ValueError):
    """A configuration that cannot be used; the message says where and what to do."""


def read_configuration(path: Path | None) -> PipelineConfig:
    """Return the configuration in a TOML file, or the defaults. Raises ConfigurationError."""
    if path is None:
        return PipelineConfig()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > CONFIG_BYTES_MAX:
        raise ConfigurationError(f"{path}: is larger than {CONFIG_BYTES_MAX} bytes")
    try:
        plain = tomllib.loads(data.decode())
        return msgspec.convert(plain, PipelineConfig)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}; see `forewarn config show`") from error


def digest_of(config: PipelineConfig) -> str:
    """Return the SHA-256 (hex) of a configuration with all its defaults spelled out."""
    return sha256(
        msgspec.json.encode(msgspec.to_builtins(_spelled_out(config)), order="sorted")
    ).hexdigest()


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
