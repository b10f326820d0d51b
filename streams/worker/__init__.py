"""The worker: Faust agents around the pure stages, with durable state and one way to lose nothing."""
