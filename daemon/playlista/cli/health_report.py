"""``playlista health --report``: one HTML file on one track, from the library, or else from the file itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from playlista.cli.library import reading
from playlista.cli.library_paths import in_library
from playlista.cli.output_options import opened_for_writing, say_written
from playlista.cli.terminal import counted
from playlista.config import Settings
from playlista.errors import PlaylistaError

if TYPE_CHECKING:
    from playlista.outputs.report.document import Subject


def write_health_report(path: str, output: str, settings: Settings, *, force: bool) -> None:
    """Write the report on the track at `path` into the file at `output`.

    Raises
    ------
    PlaylistaError : there is no such track or file, or the report cannot be written.
    """
    from playlista.outputs.report.document import REPORT, write_report  # noqa: PLC0415 - native libraries

    subject = _of_library(path, settings) or _of_file(path, settings)
    if subject is None:
        raise PlaylistaError(f"{path}: neither a track of the library with a result nor a file; see `playlista list`")
    with opened_for_writing(output, REPORT, settings, force=force) as stream:
        stream.write(write_report(subject))
    say_written(output, f"report on {counted(len(subject.found), 'finding')}")


def _of_library(path: str, settings: Settings) -> Subject | None:
    """What the library knows; None where it has no result of the track, or where there is no library yet."""
    from playlista.library.database import FILE_NAME  # noqa: PLC0415
    from playlista.library.files import Library  # noqa: PLC0415
    from playlista.outputs.report.subject import read_subject  # noqa: PLC0415

    if not os.path.exists(os.path.join(settings.data_dir, FILE_NAME)):
        return None
    with reading(settings) as database:
        known = Library(database).get(in_library(path, settings))
        if known is None:
            return None
        return read_subject(database, known, os.path.join(settings.music_dir, known.file.path))


def _of_file(path: str, settings: Settings) -> Subject | None:
    """What an analysis of the file finds now, by its name alone; None where there is no such file."""
    from playlista.analysis.attempt import attempt  # noqa: PLC0415
    from playlista.analysis.audio_analyzer import AudioAnalyzer, Pass  # noqa: PLC0415
    from playlista.outputs.report.subject import subject_of_file  # noqa: PLC0415

    if not os.path.isfile(path):
        return None
    before = os.stat(path)
    how = Pass(groups=frozenset({"health", "loudness"}))
    analysis = attempt(AudioAnalyzer(settings), path, shown_as=os.path.basename(path), how=how).analysis
    return subject_of_file(analysis, path, before)
