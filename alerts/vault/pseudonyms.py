"""From an identifier to a person key (HMAC-SHA256), a contact to its receipt, a place to its key.

Receipts and place keys are made with keyed BLAKE2b, which is a MAC by itself (RFC 7693).

Rules: every use has its own key and its own prefix; a `pseudonym` is namespaced by its source, as
two sources may use one name for two people. Keys are the first 128 bits in 32 hex digits: among a
billion persons two share a key with a chance under 2e-21.
"""

import hmac
from hashlib import blake2b

from alerts.vault.keyring import Keyring
from schemas.taxonomy import Scheme

KEY_HEX_DIGITS = 32
_PLACE_DECIMALS = 3


def signal_id(source: str, event_id: str) -> str:
    """Return the id of a signal: the same for every delivery of one source and id (32 hex)."""
    return blake2b(f"{source}\x1f{event_id}".encode(), digest_size=16).hexdigest()


class Pseudonyms:
    """Makes keys with one keyring; `version` says which pseudonym key is in use."""

    def __init__(self, keyring: Keyring, namespace: str = "forewarn") -> None:
        self._keyring = keyring
        self._namespace = namespace
        self.use_version(keyring.pseudonym_active)

    def use_version(self, version: str) -> None:
        """Make pseudonyms with another version of the keyring; KeyError when it is not there."""
        self._key = self._keyring.pseudonym[version]
        self.version = version

    def person_key(self, scheme: Scheme, source: str, identifier: str) -> str:
        """Return the person key of a normalised identifier."""
        owner = source if scheme is Scheme.PSEUDONYM else ""
        named = f"{self._namespace}\x1fperson\x1f{scheme.value}\x1f{owner}\x1f{identifier}"
        return hmac.digest(self._key, named.encode(), "sha256").hex()[:KEY_HEX_DIGITS]

    def receipt(self, source: str, event_id: str) -> str:
        """Return the receipt of a contact, under a key that has nothing to do with persons."""
        named = f"{self._namespace}\x1freceipt\x1f{source}\x1f{event_id}"
        return blake2b(named.encode(), key=self._keyring.receipt, digest_size=16).hexdigest()

    def place_key(self, lat: float, lon: float) -> str:
        """Return the key of a place (keyed BLAKE2b): the location rounded to about 100 m."""
        named = (
            f"{self._namespace}\x1fplace\x1f{lat:.{_PLACE_DECIMALS}f}\x1f{lon:.{_PLACE_DECIMALS}f}"
        )
        return blake2b(named.encode(), key=self._keyring.place, digest_size=8).hexdigest()
