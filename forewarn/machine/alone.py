"""One command of forewarn by itself: `python -m forewarn.machine.alone worker --stages intake`.

Why: the command line loads what any command may need; a machine that runs six of them side by side
would hold it six times, about 130 MB each.
"""

import sys
from importlib import import_module

import typer

from forewarn.logs import configure_logs
from forewarn.settings import Settings


def main() -> None:
    """Run the command that the first word names with the other words."""
    name, *words = sys.argv[1:]
    module = import_module(f"forewarn.commands.{name}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(pretty_exceptions_show_locals=False)
        app.command()(getattr(module, name))
    configure_logs(Settings().log_level)
    app(words, prog_name=f"forewarn {name}")


if __name__ == "__main__":
    main()
