"""The tokens of one machine: made once, in files for their owner alone, and made anew when stale.

Rules: one to look with, one to post with, so that what a command shows can do no more than it says.
A token that the store no longer takes (expired, revoked, another store) is replaced.
"""

import secrets
import sys
import time
from pathlib import Path

from alerts.store.engine import StoreError
from alerts.store.migrating import open_store
from alerts.store.tokens import SECRET_BYTES, Caller, Role, Tokens
from forewarn.machine.folder import write_private
from forewarn.settings import Settings
from schemas.times import DAY_US, SECOND_US

GOOD_DAYS = 90
STALE_DAYS = 7
"""A token with fewer days left is replaced when the machine starts."""
ROLES = (Role.OFFICER, Role.GATEWAY)
EXIT_USAGE = 2


def token_file(folder: Path, role: Role) -> Path:
    """Return where the token of a role is kept."""
    return folder / f"{role.value}.token"


def make_tokens(tokens: Tokens, folder: Path, now_us: int) -> list[Role]:
    """Make the tokens that are missing or stale, and return of which roles. Raises StoreError."""
    made = []
    for role in ROLES:
        file = token_file(folder, role)
        if file.exists() and _is_good(tokens, file.read_text(encoding="ascii").strip(), now_us):
            continue
        created = tokens.create(
            secrets.token_bytes(SECRET_BYTES),
            name=f"this machine, {role.value}",
            role=role,
            now_us=now_us,
            expires_us=now_us + GOOD_DAYS * DAY_US,
        )
        write_private(file, f"{created.token}\n")
        made.append(role)
    return made


def _is_good(tokens: Tokens, token: str, now_us: int) -> bool:
    return isinstance(tokens.caller(token, now_us + STALE_DAYS * DAY_US), Caller)


def main() -> None:
    """Make the tokens of the folder that is named, in the store of the settings."""
    settings = Settings()
    try:
        engine = open_store(settings.store, settings.namespace)
        try:
            made = make_tokens(Tokens(engine), Path(sys.argv[1]), int(time.time() * SECOND_US))
        finally:
            engine.dispose()
    except (StoreError, OSError) as error:
        sys.stderr.write(f"Stopped: {error}\n")
        sys.exit(EXIT_USAGE)
    sys.stdout.write(f"{len(made)} tokens made, {len(ROLES) - len(made)} were good\n")


if __name__ == "__main__":
    main()
