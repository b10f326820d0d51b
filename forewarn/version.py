"""The version of the code, as installed."""

from importlib.metadata import version

CODE_VERSION = f"forewarn-{version('forewarn')}"
