"""The command line: arguments, exit codes and what people see. No analysis happens here.

Nothing native is imported before a command has put the environment in place, and nothing at all that a command does
not need: ``--help`` answers in a fraction of a second.
"""

from __future__ import annotations

import typer

from playlista import __version__
from playlista.cli import analyze, doctor, library, models, music, run

app = typer.Typer(
    help="Analyze a music folder inside a small memory limit: tempo, key, loudness, spectrum, tags, embedding.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"playlista {__version__}")
        raise typer.Exit


@app.callback()
def playlista(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Say the version."),
) -> None:
    """Analyze a music folder inside a small memory limit: tempo, key, loudness, spectrum, tags, embedding."""


for room in (run, analyze, library, music, models, doctor):
    room.register(app)
