"""The command line: arguments, exit codes and what people see. No analysis happens here.

Nothing native is imported before a command has put the environment in place, and nothing at all that a command does
not need: ``--help`` answers in a fraction of a second.
"""

from __future__ import annotations

import typer

from playlista import __version__
from playlista.cli import (
    analyze,
    cluster,
    doctor,
    duplicates,
    export,
    health,
    library,
    library_upkeep,
    models,
    mpd,
    music,
    run,
    scrub,
    search,
    similar,
    tag,
)

app = typer.Typer(
    help="Analyze a music folder inside a small memory limit: tempo, key, loudness, spectrum, tags, embedding.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help, in half the time
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"playlista {__version__}")
        raise typer.Exit


@app.callback()
def playlista(
    context: typer.Context,
    version: bool = typer.Option(  # noqa: ARG001 - its callback has done it
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Analyze a music folder inside a small memory limit: tempo, key, loudness, spectrum, tags, embedding."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


for module in (
    run,
    analyze,
    library,
    export,
    library_upkeep,
    health,
    scrub,
    search,
    similar,
    duplicates,
    music,
    mpd,
    tag,
    models,
    doctor,
    cluster,
):
    module.register(app)
