"""What is done about danger: decision policy, episodes, wording, service clocks, identity vault.

This room knows the schemas only. It reads no clock: `now` is an argument.
"""
