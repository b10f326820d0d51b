"""The command `forewarn`: one subcommand a file, put together here."""

import typer

from forewarn.commands import broker, config, dlq, published, store, tail, tokens, topics
from forewarn.commands.api import api
from forewarn.commands.canary import canary
from forewarn.commands.compare import compare
from forewarn.commands.feed import feed
from forewarn.commands.map_feed import map_feed
from forewarn.commands.picture import picture
from forewarn.commands.project import project
from forewarn.commands.record import record
from forewarn.commands.replay import replay
from forewarn.commands.simulate import simulate
from forewarn.commands.status import status
from forewarn.commands.up import up
from forewarn.commands.worker import worker
from forewarn.logs import configure_logs
from forewarn.settings import Settings
from forewarn.version import CODE_VERSION

app = typer.Typer(
    name="forewarn",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Early warning for people at risk of harm: from reports to alerts with reasons.\n\n"
    "Begin with: forewarn simulate --out town, then forewarn replay town/events.jsonl "
    "--areas town/areas.json --out results.",
)


def _version(wanted: bool) -> None:  # typer hands the flag over so
    if wanted:
        typer.echo(CODE_VERSION)
        raise typer.Exit


@app.callback()
def forewarn(
    version: bool = typer.Option(  # noqa: ARG001  # acted on by its callback
        False, "--version", callback=_version, is_eager=True, help="Print the version and stop."
    ),
) -> None:
    """Early warning for people at risk of harm."""
    configure_logs(Settings().log_level)


app.command("up")(up)
app.command("status")(status)
app.command("map")(map_feed)
app.command("simulate")(simulate)
app.command("replay")(replay)
app.command("picture")(picture)
app.command("worker")(worker)
app.command("project")(project)
app.command("feed")(feed)
app.command("api")(api)
app.command("canary")(canary)
app.command("record")(record)
app.command("compare")(compare)
app.add_typer(tail.app, name="tail")
app.add_typer(dlq.app, name="dlq")
app.add_typer(store.app, name="store")
app.add_typer(tokens.app, name="tokens")
app.add_typer(config.app, name="config")
app.add_typer(topics.app, name="topics")
app.add_typer(broker.app, name="broker")
app.add_typer(published.app, name="schemas")


def main() -> None:
    """Run the command line."""
    app()
