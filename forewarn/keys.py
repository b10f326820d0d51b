"""The keyring on disk: read it, or make one on first use, for its owner alone to read."""

import os
import secrets
from pathlib import Path

from alerts.vault.keyring import KEY_BYTES, Keyring, new_keyring, read_keyring, write_keyring

_OWNER_ONLY = 0o600


def load_or_make_keyring(path: Path) -> tuple[Keyring, bool]:
    """Return the keyring at `path` and whether it was made just now.

    Raises KeyringError for a file that is no keyring, OSError where it cannot be read or made.
    """
    if path.exists():
        return read_keyring(path.read_bytes()), False
    path.parent.mkdir(parents=True, exist_ok=True)
    one, two, three, four = (secrets.token_bytes(KEY_BYTES) for _ in range(4))
    keyring = new_keyring((one, two, three, four))
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except FileExistsError:
        return read_keyring(path.read_bytes()), False
    with os.fdopen(descriptor, "wb") as file:
        file.write(write_keyring(keyring))
    return keyring, True
