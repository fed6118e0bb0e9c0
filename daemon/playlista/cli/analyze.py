"""``playlista analyze``: files or folders, without touching the library."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from playlista.cli.options import ConfigOption, DataOption, JsonOption, native_settings_from
from playlista.cli.terminal import printable, progress_over, write_json_line, write_summary

if TYPE_CHECKING:
    from playlista.analysis.audio_analyzer import AudioAnalyzer
    from playlista.config import Settings
    from playlista.memory.cleanup import Cleanup


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(analyze)


def analyze(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, and folders to walk in sorted order.")],
    json_lines: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Analyze files or folders, without the library. Exit code 3 when some failed."""
    settings = native_settings_from(config, data_dir=data)

    # Native libraries come in only now, after the environment.
    from playlista.analysis.attempt import attempt  # noqa: PLC0415
    from playlista.memory.cleanup import Cleanup  # noqa: PLC0415

    cleanup = Cleanup(enabled=settings.memory_force_cleanup)
    analyzer = _analyzer(settings, cleanup)
    failures = 0
    for path in progress_over(_files_at(paths, settings.watch_ignore)):
        analysis = attempt(analyzer, path).analysis
        failures += analysis.audio is None
        write_json_line(analysis.to_json()) if json_lines else write_summary(analysis)
        cleanup.after_track()
    raise typer.Exit(3 if failures else 0)


def _analyzer(settings: Settings, cleanup: Cleanup) -> AudioAnalyzer:
    """An analyzer with the models that can be had; those that cannot are said on stderr."""
    from playlista.analysis.audio_analyzer import AudioAnalyzer  # noqa: PLC0415
    from playlista.analysis.mood_model import load_mood_model  # noqa: PLC0415
    from playlista.analysis.tagger import load_tagger  # noqa: PLC0415
    from playlista.memory.cgroup import Cgroup  # noqa: PLC0415

    cgroup = Cgroup()
    tagger = load_tagger(settings, cgroup)
    if tagger.accumulator is None and tagger.is_wanted:
        sys.stderr.write(f"playlista: tracks get no tags: {tagger.why}\n")
    mood_model = load_mood_model(settings, cgroup)
    if mood_model.network is None and mood_model.is_wanted:
        sys.stderr.write(f"playlista: {mood_model.why}\n")
    return AudioAnalyzer(
        settings,
        tagger=tagger.accumulator,
        network=mood_model.network,
        cgroup=cgroup,
        cleanup=cleanup.after_chunk,
    )


def _files_at(paths: Sequence[str], ignore: Sequence[str]) -> list[str]:
    """The files that are meant by `paths`; folders without any are said on stderr."""
    files: list[str] = []
    for path in paths:
        found = list(named_files(path, ignore))
        if not found:
            sys.stderr.write(f"playlista: {printable(path)}: no audio files in this folder\n")
        files += found
    return files


def named_files(path: str, ignore: Sequence[str] = ()) -> Iterator[str]:
    """`path` itself when it is no folder, else the audio files under it in sorted order.

    Known debris, the patterns of `ignore` and those of ``.playlistaignore`` files are left out; what was is said on
    stderr, and so are folders that cannot be read.
    """
    if not os.path.isdir(path):
        yield path
        return
    from playlista.watch.debris import is_audio_name  # noqa: PLC0415
    from playlista.watch.ignore import IGNORE_FILE, IgnoredReport, IgnoreRules  # noqa: PLC0415

    rules, ignored = IgnoreRules(path, ignore), IgnoredReport()
    for folder, below, names in os.walk(path, onerror=_say_unreadable):
        relative = os.path.relpath(folder, path)
        prefix = "" if relative == os.curdir else f"{relative}/"
        rules.enter(prefix.rstrip("/"), has_ignore_file=IGNORE_FILE in names)
        below[:] = sorted(name for name in below if not ignored.add(rules.reason(prefix + name, is_folder=True)))
        audio = sorted(filter(is_audio_name, names))
        yield from (os.path.join(folder, name) for name in audio if not ignored.add(rules.reason(prefix + name)))
    if line := ignored.line():
        sys.stderr.write(f"playlista: {printable(path)}: left out {printable(line)}\n")


def _say_unreadable(error: OSError) -> None:
    sys.stderr.write(f"playlista: {printable(str(error.filename))}: cannot be read ({error.strerror})\n")
