"""Every setting, in one typed place: `FOREWARN_*` variables of the environment.

Rules: a setting has its unit last in its name and a default that works on one machine; secrets are
in files that the settings name, never in a variable.
"""

from pathlib import Path

import typer
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set from outside."""

    model_config = SettingsConfigDict(env_prefix="FOREWARN_", extra="forbid")

    keys_file: Path = Field(
        default=Path(typer.get_app_dir("forewarn")) / "keys.json",
        description="The keyring: keys of pseudonyms, receipts, places and sealing.",
    )
    log_level: str = Field(default="WARNING", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
