"""The songs in MPD's database, a folder at a time, and the one that it plays.

Input: a connection. Output: URIs: paths below MPD's music folder.
"""

from __future__ import annotations

from collections.abc import Iterator

from playlista.outputs.mpd.client import MpdClient


def song_pages(client: MpdClient) -> Iterator[tuple[str, list[str]]]:
    """Each folder at the top with all songs below it, and each song at the top by itself.

    MPD ends a connection whose answer is larger than its buffer, so that all songs are never asked for at once.
    """
    for kind, name in client.ask("lsinfo"):
        if kind == "directory":
            yield name, [value for field, value in client.ask("listall", name) if field == "file"]
        elif kind == "file":
            yield name, [name]


def playing(client: MpdClient) -> dict[str, str]:
    """The fields of the song that plays or is paused, by name, such as "file", "Artist", "Title"; empty for none."""
    return dict(client.ask("currentsong"))
