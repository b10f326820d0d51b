"""What the API is handed when it serves: Kafka behind its protocol, a server that stops well."""
