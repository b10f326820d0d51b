"""How programs reach a Kafka cluster: connection, topics, feeding, reading back."""
