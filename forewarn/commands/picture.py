"""`forewarn picture`: draw the daily counts and the alerts of a replay."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from forewarn.picture_words import Language
from forewarn.replay_results import ResultsError, narrowed, read_results


def picture(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder of a replay, as given to `replay --out`."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="File to draw to, .svg or .png.", show_default="DIR/picture.svg"),
    ] = None,
    area: Annotated[
        str | None,
        typer.Option(help="Show one area: its alerts and those below it, its county's counts."),
    ] = None,
    lang: Annotated[Language, typer.Option(help="Language of the words.")] = Language.EN,
) -> None:
    """Draw the daily counts of a replay and the alerts on them.

    One panel a kind; each area alert stands on the day of its surge, by level. Alerts about persons
    and single incidents are counted a day. The same results give the same bytes.
    """
    # Imported here because matplotlib takes a second, and wants a folder for its font cache.
    from forewarn.pictures import draw  # noqa: PLC0415  # see above

    errors = Console(stderr=True)
    path = out or folder / "picture.svg"
    try:
        results = read_results(folder)
        if area is not None:
            results = narrowed(results, area)
        drawn = draw(results, path, lang)
    except (ResultsError, OSError) as error:
        errors.print(f"Stopped: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from error
    if drawn is not lang:
        errors.print(
            "No font here has Chinese, so the words are English. "
            "Install one (such as Noto Sans CJK), or draw an .svg.",
            soft_wrap=True,
        )
    Console().print(f"Drawn to {path}", markup=False, soft_wrap=True)
