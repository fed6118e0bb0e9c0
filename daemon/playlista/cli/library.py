"""Commands on the library: status, show, list, failures, retry. All work while the daemon runs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playlista.cli.filter_options import EnergyOption, MoodOption, VoiceOption, filter_of
from playlista.cli.library_paths import in_library
from playlista.cli.options import ConfigOption, DataOption, JsonOption, MusicOption, settings_from
from playlista.cli.terminal import (
    counted,
    duration,
    megabytes,
    number,
    printable,
    table,
    write_json_line,
    write_json_text,
    write_line,
    write_summary,
)
from playlista.config import Settings
from playlista.errors import PlaylistaError
from playlista.tracks import Status

if TYPE_CHECKING:
    from playlista.library.database import Database


#: As in ``library.track_pages``, which help need not import.
SORTS = (
    "path",
    "title",
    "artist",
    "album",
    "bpm",
    "key",
    "loudness",
    "duration",
    "year",
    "energy",
    "voice",
    "finished",
)

#: Whole results in memory at a time, some 30 KB each.
JSON_ROWS = 100

PathsArgument = Annotated[list[str] | None, typer.Argument(metavar="PATH…")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (status, show, failures, retry):
        app.command()(command)
    app.command("list")(list_tracks)


@contextmanager
def reading(settings: Settings) -> Iterator[Database]:
    """The library, opened for reading."""
    from playlista.library.database import FILE_NAME, open_read_only  # noqa: PLC0415

    with open_read_only(os.path.join(settings.data_dir, FILE_NAME)) as database:
        yield database


@contextmanager
def writing(settings: Settings) -> Iterator[Database]:
    """The library, for commands that change it, also while the daemon runs."""
    from playlista.library.database import FILE_NAME, open_existing  # noqa: PLC0415

    with open_existing(os.path.join(settings.data_dir, FILE_NAME)) as database:
        yield database


def status(
    json_lines: JsonOption = False, config: ConfigOption = None, data: DataOption = None, music: MusicOption = None
) -> None:
    """Show progress and counts. By state, with rate, time left, last failure and memory."""
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.daemon.status import read_progress  # noqa: PLC0415

    with reading(settings) as database:
        report = read_progress(database, settings, now=time.time())
    if json_lines:
        write_json_line(report)
    else:
        for name, text in _status_lines(report):
            write_line(f"{name:<10} {text}")


def _scrub_lines(scrub: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if scrub["started_at"] is not None and (scrub["finished_at"] or 0) < scrub["started_at"]:
        yield "scrub", f"{scrub['scrubbed']} of {scrub['files']} files read again"
    if scrub["rotted"]:
        yield "rotted", f"{counted(scrub['rotted'], 'file')} no longer what was analyzed: `playlista scrub --rotted`"


def _status_lines(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    from playlista.watch.ignore import ignored_line  # noqa: PLC0415

    tracks, queue, rate, daemon = report["tracks"], report["queue"], report["rate"], report["daemon"]
    yield "daemon", f"running as pid {daemon['pid']}" if daemon["pid"] else "not running"
    yield "music", printable(report["music_dir"])
    yield "tracks", ", ".join(f"{count} {state}" for state, count in tracks.items() if count or state == "total")
    if report["gone"]:
        yield "gone", f"{report['gone']} no longer on disk; their results are kept for a while"
    if report["tags_due"]:
        yield "tags", f"{counted(report['tags_due'], 'track')} whose tags are still to be read"
    if report["tag_writes"]["fields"]:
        yield "writing", printable(_tag_writes_line(report["tag_writes"]))
    if report["moods_due"]:
        yield "moods", f"{counted(report['moods_due'], 'track')} whose mood is still to be derived from their results"
    yield from _scrub_lines(report["scrub"])
    yield "queue", ", ".join(f"{count} {state}" for state, count in queue.items() if count) or "empty"
    if rate["tracks_per_hour"]:
        speed = f"{number(rate['tracks_per_hour'], 0)} tracks an hour, {number(rate['times_real_time'], 0)} x real time"
        yield "rate", speed + (f", {duration(rate['seconds_left'])} left" if rate["seconds_left"] else "")
    if last := report["last_failure"]:
        yield "failed", f"{printable(last['path'])}: {last['reason']}, {printable(last['detail'] or '')}"
    if report["ignored"] and report["ignored"]["total"]:
        yield "left out", printable(ignored_line(report["ignored"]))
    if memory := report["memory"]:
        yield (
            "memory",
            (
                f"{megabytes(memory['resident_bytes'])}, peak {megabytes(memory['peak_bytes'])}, "
                f"limit {megabytes(memory['limit_bytes'])}"
            ),
        )


def _tag_writes_line(writes: dict[str, Any]) -> str:
    """What is written into the files, and what stands in the way."""
    if writes["trouble"]:
        return str(writes["trouble"])
    refused = "".join(f", {count} left alone ({reason})" for reason, count in writes["refused"].items())
    return f"{', '.join(writes['fields'])} into the files; {writes['pending']} still to be checked{refused}"


def show(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A track, as a file or as the library names it.")],
    json_lines: JsonOption = False,
    beats: Annotated[
        bool, typer.Option("--beats", help="Print the times of the beats in seconds, one a line.")
    ] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Show the stored result of one track. With --beats the times of its beats."""
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.library.health_report import findings_at  # noqa: PLC0415
    from playlista.library.results import Store  # noqa: PLC0415

    with reading(settings) as database:
        known_as = in_library(path, settings)
        analysis, found = Store(database, clock=time.time).get(known_as), findings_at(database, known_as)
    if analysis is None:
        raise PlaylistaError(f"{path}: not in the library, or not analyzed yet; `playlista list` shows what is")
    if beats:
        for seconds in (analysis.rhythm.beat_times() if analysis.rhythm else None) or ():
            write_line(f"{seconds:.3f}")
        return
    write_json_line(analysis.to_json()) if json_lines else write_summary(analysis, found)


def list_tracks(
    state: Annotated[Status | None, typer.Option("--status", help="Show only tracks with this status.")] = None,
    sort: Annotated[
        str, typer.Option(metavar="ORDER", help=f"{', '.join(SORTS)}; with - in front from high to low.")
    ] = "path",
    energy: EnergyOption = None,
    voice: VoiceOption = None,
    moods: MoodOption = None,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """List the stored results, in any order, all or some."""
    settings = settings_from(config, data_dir=data)
    from playlista.library.result_text import result_text  # noqa: PLC0415
    from playlista.library.stored_results import StoredResults  # noqa: PLC0415
    from playlista.library.track_pages import TrackPages  # noqa: PLC0415

    if sort.removeprefix("-") not in SORTS:
        raise typer.BadParameter(f"{sort!r} is not one of {', '.join(SORTS)}", param_hint="--sort")
    wanted = filter_of(status=state, energy=energy, voice=voice, moods=moods)
    with reading(settings) as database:
        tracks = TrackPages(database).select(wanted, sort=sort)
        if json_lines:
            is_plain = sort == "path" and not (energy or voice or moods)
            stored = StoredResults(database)
            found = (
                stored.iterate(status=state, page_rows=JSON_ROWS)
                if is_plain
                else stored.of_ids((one.id for one in tracks), page_rows=JSON_ROWS)
            )
            for one in found:
                write_json_text(result_text(one))
            return
        rows = (
            (one.path, duration(one.duration_seconds), number(one.bpm), _key(one.key, one.scale), one.status)
            for one in tracks
        )
        table(("track", "length", "bpm", "key", "status"), rows, right=("length", "bpm"), nothing="no results yet")


def failures(json_lines: JsonOption = False, config: ConfigOption = None, data: DataOption = None) -> None:
    """Show what failed, why, and how often it was tried. Also partly analyzed tracks and those tried again."""
    settings = settings_from(config, data_dir=data)
    from playlista.daemon.status import failure_report, retry_report  # noqa: PLC0415
    from playlista.library.summaries import Overview  # noqa: PLC0415

    with reading(settings) as database:
        overview = Overview(database)
        found = [retry_report(one) for one in overview.retries()]
        found += map(failure_report, overview.every_failure())
    if json_lines:
        for one in found:
            write_json_line(one)
    else:
        rows = [
            (one["path"], _state(one), one["reason"] or "", str(one["attempts"]), one["detail"] or "") for one in found
        ]
        table(("track", "status", "reason", "tries", "details"), rows, right=("tries",), nothing="nothing failed")


def retry(
    paths: PathsArgument = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that failed or is quarantined.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Analyze tracks again. Resets attempt counters. A running daemon takes them within seconds."""
    if bool(paths) == everything:
        raise typer.BadParameter("name tracks, or --all")
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.library.queue import JobQueue  # noqa: PLC0415
    from playlista.library.results import Store  # noqa: PLC0415

    with writing(settings) as database:
        store = Store(database, clock=time.time)
        queue = JobQueue(database, store, clock=time.time, max_attempts=settings.max_attempts)
        if everything:
            write_line(f"{queue.retry_all()} queued again")
            return
        wanted = {in_library(path, settings): path for path in paths or ()}
        known = set(queue.retry(wanted))
    write_line(f"{len(known)} queued again")
    unknown = [path for name, path in wanted.items() if name not in known]
    if unknown:
        raise PlaylistaError(f"{', '.join(unknown)}: not in the library; `playlista list` shows what is")


def _key(key: str | None, scale: str | None) -> str:
    return f"{key} {scale}" if key else "-"


def _state(report: dict[str, Any]) -> str:
    """The status of a failure, or when it is tried again."""
    due_at: float | None = report["due_at"]
    if due_at is None:
        return str(report["status"])
    left = due_at - time.time()
    return f"tried again in {duration(left)}" if left > 0 else "tried again next"
