"""Artists whose music sounds alike: the one call of AudioMuse-AI that is about artists.

Input: the name of an artist, or the id that a player has for it. Output: other artists, the most alike first, with
songs of both. The music of an artist is the mixture of some of its tracks; others are as near as their nearest track.
"""

from __future__ import annotations

from typing import Any

from playlista.library.folding import folded
from playlista.library.track_filter import TrackFilter
from playlista.serve.answers import Answer
from playlista.serve.audiomuse.documents import Document, distance
from playlista.serve.errors import NotFoundError
from playlista.serve.parameters import BadRequestError
from playlista.serve.requests import Request
from playlista.serve.routes import Context
from playlista.tracks import Status

#: Tracks of the artist that are mixed.
_MIXED = 20
#: Tracks looked at for each artist that is asked for, since most artists have several.
_TRACKS_PER_ARTIST = 20
_MOST_TRACKS = 1000
#: Songs of each artist that an answer names.
_SONGS = 5

Tracks = list[dict[str, Any]]


def similar_artists(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """The artists most like one. A plugin sends the id of its player as `artist`, too."""
    asked = given["artist_id"] or given["artist"]
    if not asked:
        raise BadRequestError("name the artist by artist or artist_id")
    name = _name_of(context, asked)
    own = context.views.track_page(TrackFilter(artist=name, status=Status.ANALYZED), "path", None, _MIXED)["tracks"]
    if not own:
        raise NotFoundError(f"{asked}: no artist of an analyzed track has this name or id")
    most = min(_TRACKS_PER_ARTIST * given["n"], _MOST_TRACKS)
    found = context.views.blend(tuple(one["id"] for one in own), (), most)["tracks"]
    others = _by_artist(found, without=folded(name))[: given["n"]]
    with_songs = given["include_component_matches"]
    return Answer.of_json([_report(context, tracks, own if with_songs else None) for tracks in others])


def _name_of(context: Context, asked: str) -> str:
    file_id = context.views.media_ids.file_of_artist(asked)
    found = [] if file_id is None else context.views.summaries([file_id])
    return found[0]["artist"] or asked if found else asked


def _by_artist(tracks: Tracks, *, without: str) -> list[Tracks]:
    """The tracks of each artist, in the order of their first; tracks without an artist belong to none."""
    groups: dict[str, Tracks] = {}
    for track in tracks:
        artist = folded(track["artist"] or "")
        if artist not in ("", without):
            groups.setdefault(artist, []).append(track)
    return list(groups.values())


def _report(context: Context, tracks: Tracks, own: Tracks | None) -> Document:
    nearest = tracks[0]
    report = {
        "artist": nearest["artist"],
        "artist_id": context.views.media_ids.artist_of(nearest["id"]),
        "divergence": distance(nearest),
    }
    if own is None:
        return report
    songs = {
        "artist1_representative_songs": _songs(context, own),
        "artist2_representative_songs": _songs(context, tracks),
    }
    return report | {"component_matches": [songs]}


def _songs(context: Context, tracks: Tracks) -> list[Document]:
    named = tracks[:_SONGS]
    items = context.views.media_ids.items_of([one["id"] for one in named])
    return [{"item_id": items[one["id"]], "title": one["title"]} for one in named if one["id"] in items]
