"""Where identities are kept apart: the keyring, pseudonyms, and sealing for the vault."""
