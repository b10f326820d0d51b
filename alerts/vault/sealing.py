"""Sealing with AES-GCM: what leaves the stream can be opened by the vault alone.

Rules: the nonce is a keyed hash (BLAKE2b) of context and content under a key of its own, so that
sealing is a pure function (a retry writes the same bytes) and a nonce repeats only when the whole
message does: the length of the context is in it, so that no content is taken for the end of a
context. The context is authenticated: a sealed value moved to another record does not open.
"""

import hmac
from contextlib import suppress
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alerts.vault.keyring import Keyring

NONCE_BYTES = 12
_LENGTH_BYTES = 8


class SealError(ValueError):
    """A sealed value that does not open: wrong key, wrong context or damaged bytes."""


class Sealer:
    """Seals under the active key of a keyring and opens under any of its keys."""

    def __init__(self, keyring: Keyring) -> None:
        self.version = keyring.sealing_active
        self._ciphers = {version: AESGCM(key) for version, key in keyring.sealing.items()}
        self._nonce_keys = {
            version: hmac.digest(key, b"forewarn nonce", "sha256")
            for version, key in keyring.sealing.items()
        }
        self._cipher = self._ciphers[self.version]
        self._nonce_key = self._nonce_keys[self.version]

    def seal(self, content: bytes, context: bytes) -> bytes:
        """Return nonce and ciphertext of `content`, bound to `context`."""
        message = len(context).to_bytes(_LENGTH_BYTES, "big") + context + content
        nonce = blake2b(message, key=self._nonce_key, digest_size=NONCE_BYTES).digest()
        return nonce + self._cipher.encrypt(nonce, content, context)

    def open(self, sealed: bytes, context: bytes, version: str) -> bytes:
        """Return the content of a sealed value. Raises SealError when it does not open."""
        if version not in self._ciphers:
            raise SealError(f"no sealing key of version {version!r} in the keyring")
        try:
            return self._ciphers[version].decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context
            )
        except (InvalidTag, ValueError) as error:
            raise SealError("the sealed value does not open in this context") from error

    def open_any(self, sealed: bytes, context: bytes) -> bytes:
        """Return the content of a sealed value that does not name its key, the active key first."""
        others = [version for version in self._ciphers if version != self.version]
        for version in (self.version, *others):
            with suppress(SealError):
                return self.open(sealed, context, version)
        raise SealError("the sealed value does not open in this context under any key")
