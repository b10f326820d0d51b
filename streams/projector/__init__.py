"""From the topics into the store, and from its outbox back onto the logs."""
