"""The worker: Faust agents around the pure stages, with durable state; it loses nothing."""
