"""The keys that stand between a person and a pseudonym, in one value with versions.

Rules: keys are 32 random bytes made outside this room. Each use has a key of its own, so that a
receipt can never be joined to a person key, nor a place to either. Old pseudonym versions stay only
as long as aliases still need them.
"""

import msgspec

from schemas.closed import Closed

KEY_BYTES = 32
FORMAT = 1


class KeyringError(ValueError):
    """A keyring that cannot be used; the message never contains a key."""


class Keyring(Closed, frozen=True):
    """All keys of one deployment; `pseudonym` and `sealing` by version, one of each active."""

    format: int
    pseudonym: dict[str, bytes]
    pseudonym_active: str
    sealing: dict[str, bytes]
    sealing_active: str
    receipt: bytes
    place: bytes

    def __repr__(self) -> str:
        return f"Keyring(pseudonym_active={self.pseudonym_active!r}, its keys are not shown)"

    def __post_init__(self) -> None:
        """Refuse keys of a wrong length and versions that are not there."""
        if self.format != FORMAT:
            raise KeyringError(f"the keyring has format {self.format}, this code reads {FORMAT}")
        keys = [*self.pseudonym.values(), *self.sealing.values(), self.receipt, self.place]
        if any(len(key) != KEY_BYTES for key in keys):
            raise KeyringError(f"every key in the keyring must have {KEY_BYTES} bytes")
        if len(set(keys)) != len(keys):
            raise KeyringError("two keys in the keyring are equal; every use needs its own key")
        if self.pseudonym_active not in self.pseudonym:
            raise KeyringError("pseudonym_active names a version that is not in the keyring")
        if self.sealing_active not in self.sealing:
            raise KeyringError("sealing_active names a version that is not in the keyring")


def new_keyring(keys: tuple[bytes, bytes, bytes, bytes]) -> Keyring:
    """Make a first keyring from four fresh random keys of 32 bytes."""
    pseudonym, sealing, receipt, place = keys
    return Keyring(
        format=FORMAT,
        pseudonym={"1": pseudonym},
        pseudonym_active="1",
        sealing={"1": sealing},
        sealing_active="1",
        receipt=receipt,
        place=place,
    )


def read_keyring(data: bytes) -> Keyring:
    """Read a keyring (JSON, keys in base64). Raises KeyringError without saying any content."""
    try:
        return msgspec.json.decode(data, type=Keyring)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        ours = error.__cause__ if isinstance(error.__cause__, KeyringError) else None
    raise ours or KeyringError(
        "the keyring is not the JSON of a keyring; restore it from its backup"
    )


def write_keyring(keyring: Keyring) -> bytes:
    """Write a keyring (JSON, keys in base64)."""
    return msgspec.json.format(msgspec.json.encode(keyring), indent=1) + b"\n"
