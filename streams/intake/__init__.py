"""From raw bytes to the logs: validate, dead-letter, normalise, pseudonymise, gate by purpose."""
