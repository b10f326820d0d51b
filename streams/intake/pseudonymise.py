"""Who a contact is about, as a key: aliases from rotation and merges are followed here.

Rules: an alias says which key a person is known by now; a chain of aliases is followed to its end,
and one that would close a circle is refused, so following always ends. Aliases are kept as they
were told, not shortened: what a key leads to must not depend on who asked for it before an alias
was replaced. The identifier itself goes no further than this.
"""

from alerts.vault.pseudonyms import Pseudonyms
from schemas.records import Alias, AliasRecord
from schemas.taxonomy import Scheme


class AliasError(ValueError):
    """An alias or key activation that cannot be followed; names no person."""


class PersonKeys:
    """Person keys under the active pseudonym key, resolved through aliases."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._aliases: dict[str, str] = {}

    def apply(self, record: AliasRecord) -> None:
        """Take in an alias or the activation of a key version. Raises AliasError."""
        if isinstance(record, Alias):
            self._add(record.person, record.to)
            return
        try:
            self._pseudonyms.use_version(record.version)
        except KeyError as error:
            raise AliasError(
                f"pseudonym key version {record.version!r} is not in the keyring; add it first"
            ) from error

    def _add(self, person: str, to: str) -> None:
        end = to
        while end != person and end in self._aliases:
            end = self._aliases[end]
        if end == person:
            raise AliasError("an alias would close a circle; the vault must split before it merges")
        self._aliases[person] = to

    def resolve(self, key: str) -> str:
        """Return the key that `key` is known by now."""
        while key in self._aliases:
            key = self._aliases[key]
        return key

    def key_of(self, scheme: Scheme, source: str, identifier: str) -> str:
        """Return the present person key of a normalised identifier."""
        key = self._pseudonyms.person_key(scheme, source, identifier)
        return self.resolve(key) if self._aliases else key
