"""How it flows: intake, stages, clock, state, replay; later the Faust worker and its transport.

The stages are pure steps: they take records and state and return outputs. This room may use the
detectors, the alerts and the schemas.
"""
