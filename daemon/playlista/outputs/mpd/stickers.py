"""Stickers of MPD with tempo, key and loudness of each song, and our id, by which similar tracks are asked for.

Input: MPD's songs and our library. Output: the stickers in MPD, of which only those are written that differ. Stickers
of other names are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from playlista.library.path_endings import PathEndings
from playlista.library.track_summaries import TrackLookup, TrackSummary
from playlista.outputs.mpd.client import Command, MpdClient, RefusedError
from playlista.outputs.mpd.songs import song_pages

#: The names of our stickers.
NAMES = ("bpm", "key", "camelot", "loudness", "playlista_id")


@dataclass(slots=True)
class StickerCounts:
    """Songs of MPD, those that are tracks with a result, and those whose stickers were changed."""

    songs: int = 0
    known: int = 0
    changed: int = 0


def stickers_of(track: TrackSummary) -> dict[str, str]:
    """The stickers of a track: whole BPM, key as "F#m", Camelot code, LUFS, id; without what is not known."""
    values = {
        "bpm": None if track.bpm is None else str(round(track.bpm)),
        "key": None if track.key is None else f"{track.key}{'m' if track.scale == 'minor' else ''}",
        "camelot": track.camelot,
        "loudness": None if track.integrated_lufs is None else f"{track.integrated_lufs:.1f}",
        "playlista_id": str(track.id),
    }
    return {name: value for name, value in values.items() if value is not None}


def write_stickers(client: MpdClient, lookup: TrackLookup, *, below: str = "") -> StickerCounts:
    """Bring the stickers of every song up to date.

    Raises
    ------
    MpdError : MPD does not answer, or has no sticker database.
    """
    paths, counts = PathEndings(lookup, below=below), StickerCounts()
    for folder, songs in song_pages(client):
        present = _present(client, folder)
        ids = {song: file_id for song in songs if (file_id := paths.file_of(song)) is not None}
        tracks = {one.id: one for one in lookup.summaries(ids.values())}
        commands: list[Command] = []
        for song in songs:
            track = tracks.get(ids.get(song, 0))
            needed = list(_changes(song, present.get(song, {}), {} if track is None else stickers_of(track)))
            counts.changed += bool(needed)
            commands += needed
        client.do(commands)
        counts.songs += len(songs)
        counts.known += sum(file_id in tracks for file_id in ids.values())
    return counts


def _present(client: MpdClient, folder: str) -> dict[str, dict[str, str]]:
    """Our stickers of the songs below a folder, by song."""
    found: dict[str, dict[str, str]] = {}
    for name in NAMES:
        song = ""
        for field, value in _found(client, folder, name):
            if field == "file":
                song = value
            elif field == "sticker":
                found.setdefault(song, {})[name] = value.partition("=")[2]
    return found


def _found(client: MpdClient, folder: str, name: str) -> list[tuple[str, str]]:
    try:
        return client.ask("sticker", "find", "song", folder, name)
    except RefusedError as error:
        raise RefusedError(f"{error}; set sticker_file in mpd.conf") from error


def _changes(song: str, present: dict[str, str], wanted: dict[str, str]) -> Iterator[Command]:
    for name in NAMES:
        if name in wanted and present.get(name) != wanted[name]:
            yield "sticker", "set", "song", song, name, wanted[name]
        elif name in present and name not in wanted:
            yield "sticker", "delete", "song", song, name
