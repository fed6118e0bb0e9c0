"""The command line: arguments, exit codes and what people see. No analysis happens here.

Nothing native is imported before a command has put the environment in place, and nothing at all that a command does
not need, not even the other commands: each of them starts in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import typer

from playlista import __version__

#: Each command with the module that registers it, in the order of the help.
COMMANDS = {
    "run": "run",
    "analyze": "analyze",
    "status": "library",
    "show": "library",
    "failures": "library",
    "retry": "library",
    "list": "library",
    "export": "export",
    "forget": "library_upkeep",
    "backup": "library_upkeep",
    "restore": "library_upkeep",
    "health": "health",
    "scrub": "scrub",
    "search": "search",
    "similar": "similar",
    "path": "similar",
    "duplicates": "duplicates",
    "playlist": "music",
    "tag": "tag",
    "doctor": "doctor",
    "scheduler": "cluster",
    "worker": "cluster",
    "cluster": "cluster",
    "mpd": "mpd",
    "models": "models",
}


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The command line for `arguments`: with the command that they begin with, or with all where it is none of them."""
    app = typer.Typer(
        help="Analyze a music folder inside a small memory limit: tempo, key, loudness, spectrum, tags, embedding.",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help, in half the time
        invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        callback=playlista,
    )
    named = COMMANDS.get(arguments[0]) if arguments else None
    for module in [named] if named else dict.fromkeys(COMMANDS.values()):
        import_module(f"playlista.cli.{module}").register(app)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"playlista {__version__}")
        raise typer.Exit


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
