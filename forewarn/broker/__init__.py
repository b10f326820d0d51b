"""A real Kafka broker on this machine: for tests, measurements and the one-machine mode."""
