"""The table of AudioMuse-AI's calls that are answered, by their documented behaviour (docs/integrations.md).

Input: requests of its plugins, with the ids of the player that they belong to. Output: the same documents that
AudioMuse-AI sends, made from this library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from playlista.library.folding import folded
from playlista.serve.answers import Answer
from playlista.serve.audiomuse.artists import similar_artists
from playlista.serve.audiomuse.documents import Document, distance, row, score, without_repeats
from playlista.serve.audiomuse.parameters import Clamped, Flag
from playlista.serve.errors import NotFoundError
from playlista.serve.parameters import BadRequestError, Parameter, Text
from playlista.serve.requests import Request
from playlista.serve.routes import Context, Route
from playlista.serve.views import SimilarRequest

#: Of one artist, where a plugin asks for a varied list.
PER_ARTIST = 3
#: So many times the tracks that are asked for are looked at, where repeats or what the player lacks is left out.
_SPARE = 2
_LONGEST_ID = 200
#: Tracks that are ranked for a search, of which a page is sent.
_SEARCHED = 200

_ID = Text(_LONGEST_ID)
_COUNT = Clamped(1, 200, default=10)
_BLEND_COUNT = Clamped(1, 200, default=25)
_MOST_BLENDED = 10


def similar_tracks(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """The tracks most like one, the nearest first."""
    is_varied = given["eliminate_duplicates"]
    names = {"artist": given["artist"], "title": given["title"]}
    if given["item_id"] is None and not all(names.values()):
        raise BadRequestError("name the track by item_id, or by title and artist")
    seed = {"file_id": _file_of(context, given["item_id"])} if given["item_id"] is not None else names
    count = _SPARE * given["n"]
    found = context.views.similar(SimilarRequest(count=count, per_artist=PER_ARTIST if is_varied else 0, **seed))
    tracks = without_repeats(found["tracks"], found["of"]) if is_varied else found["tracks"]
    return _listed(_rows(context, tracks)[: given["n"]])


def find_path(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """A chain of small steps from one track to another, with both."""
    if given["start_song_id"] is None or given["end_song_id"] is None:
        raise BadRequestError("name both songs, by start_song_id and end_song_id")
    first, last = (_file_of(context, given[name]) for name in ("start_song_id", "end_song_id"))
    if first == last:
        raise BadRequestError("the path leads from a song to another one")
    tracks = context.views.way(first, last, given["max_steps"])["tracks"]
    similarities = context.views.neighbour_similarities([one["id"] for one in tracks])
    total = sum(1 - one for one in similarities)
    return Answer.of_json({"path": _rows(context, tracks), "total_distance": round(total, 4)})


def search_tracks(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """Tracks that fit some words; where a title and an artist are given, the track with both first."""
    start, end = given["start"], given["end"]
    words = given["search_query"] or " ".join(filter(None, (given["artist"], given["title"])))
    if not words or end <= start:
        return Answer.of_json([])
    wanted = [folded(given[name] or "") for name in ("title", "artist")]
    found = context.views.search(words, _SEARCHED)["tracks"]
    found.sort(key=lambda one: [folded(one[name] or "") for name in ("title", "artist")] != wanted)
    return Answer.of_json(_rows(context, found)[start:end])


def track(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """The names of one track."""
    file_id = _file_of(context, given["item_id"])
    found = context.views.summaries([file_id])
    if not found:
        raise NotFoundError("this track is not analyzed yet")
    return Answer.of_json(row(found[0], given["item_id"]))


def max_distance(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """How far the track is that is the least like one: 1, since what is unlike counts as unrelated."""
    found = context.views.blend((), (_file_of(context, given["item_id"]),), 1)["tracks"]
    farthest = context.views.media_ids.items_of(one["id"] for one in found)
    return Answer.of_json({"max_distance": 1.0, "farthest_item_id": next(iter(farthest.values()), None)})


def alchemy(context: Context, request: Request, _given: dict[str, Any], _value: str) -> Answer:
    """The tracks most like several together, and unlike others."""
    document = request.json()
    items = document.get("items")
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise BadRequestError('items is a list of {"id": ..., "op": "ADD" or "SUBTRACT", "type": "song" or "artist"}')
    add, subtract = (_seeds(context, items, sign) for sign in ("ADD", "SUBTRACT"))
    if not add:
        raise BadRequestError("at least one item has the op ADD")
    count = _BLEND_COUNT.of(document.get("n"))
    found = context.views.blend(add, subtract, _SPARE * count)["tracks"]
    rows = _rows(context, without_repeats(found))[:count]
    return Answer.of_json(
        {"results": rows, "filtered_out": [], "centroid_2d": None, "add_points": [], "sub_points": []}
    )


def get_score(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """What the analysis of one track says."""
    return Answer.of_json(score(_result(context, given["id"]), given["id"]))


def get_embedding(context: Context, _request: Request, given: dict[str, Any], _value: str) -> Answer:
    """The embedding of one track, 200 numbers."""
    embedding = _result(context, given["id"])["embedding"]
    if embedding is None:
        raise NotFoundError("this track has no embedding; prepare the model and analyze it")
    return Answer.of_json({"item_id": given["id"], "embedding": list(embedding)})


def health(_context: Context, _request: Request, _given: dict[str, Any], _value: str) -> Answer:
    """That we answer."""
    return Answer.of_json({"status": "ok"})


def active_tasks(_context: Context, _request: Request, _given: dict[str, Any], _value: str) -> Answer:
    """None: nobody starts an analysis here."""
    return Answer.of_json({})


def analysis_start(_context: Context, _request: Request, _given: dict[str, Any], _value: str) -> Answer:
    """Nothing is started; scheduled tasks of plugins ask for it."""
    return Answer.of_json({"task_id": None, "message": "Playlista analyzes new and changed music by itself"})


def _listed(rows: list[Document]) -> Answer:
    if not rows:
        raise NotFoundError("no similar track is known")
    return Answer.of_json(rows)


def _rows(context: Context, tracks: Iterable[Mapping[str, Any]]) -> list[Document]:
    """Those that the player has, with its ids."""
    listed = list(tracks)
    items = context.views.media_ids.items_of([one["id"] for one in listed])
    return [
        row(one, items[one["id"]], **({"distance": distance(one)} if "similarity" in one else {}))
        for one in listed
        if one["id"] in items
    ]


def _file_of(context: Context, item: str | None) -> int:
    if item is None:
        raise BadRequestError("item_id is missing")
    found = context.views.media_ids.file_of(item)
    if found is None:
        raise NotFoundError(f"{item}: no track with this id; MEDIA_SERVER tells whose ids are sent")
    return found


def _result(context: Context, item: str | None) -> dict[str, Any]:
    found = context.views.track(_file_of(context, item))
    if not found:
        raise NotFoundError("this track is not analyzed yet")
    return found


def _seeds(context: Context, items: list[dict[str, Any]], sign: str) -> tuple[int, ...]:
    """Our ids of the songs with that sign; a song that is not known is left out, as long as another one is."""
    names = [str(one.get("id")) for one in items if str(one.get("op")).upper() == sign]
    found = (context.views.media_ids.file_of(name) for name in names[:_MOST_BLENDED])
    return tuple(dict.fromkeys(one for one in found if one is not None))


_ITEM: dict[str, Parameter] = {"item_id": _ID}
_SEARCH: dict[str, Parameter] = {
    "search_query": Text(),
    "title": Text(),
    "artist": Text(),
    "start": Clamped(0, _SEARCHED, default=0),
    "end": Clamped(0, _SEARCHED, default=20),
}

CALLS: tuple[Route, ...] = (
    Route("GET", "/api/health", health, "Whether it answers.", is_open=True),
    Route(
        "GET",
        "/api/similar_tracks",
        similar_tracks,
        "Similar tracks.",
        parameters={
            **_ITEM,
            "title": Text(),
            "artist": Text(),
            "n": _COUNT,
            "eliminate_duplicates": Flag(default=True),
        },
    ),
    Route(
        "GET",
        "/api/find_path",
        find_path,
        "A chain of small steps.",
        parameters={"start_song_id": _ID, "end_song_id": _ID, "max_steps": Clamped(3, 50, default=25)},
    ),
    Route("GET", "/api/search_tracks", search_tracks, "Tracks by words.", parameters=_SEARCH),
    Route("GET", "/api/track", track, "Names of a track.", parameters=_ITEM),
    Route("GET", "/api/max_distance", max_distance, "The track least like one.", parameters=_ITEM),
    Route(
        "GET",
        "/api/similar_artists",
        similar_artists,
        "Similar artists.",
        parameters={
            "artist": Text(),
            "artist_id": _ID,
            "n": Clamped(1, 100, default=10),
            "include_component_matches": Flag(default=False),
        },
    ),
    Route("POST", "/api/alchemy", alchemy, "A mixture of tracks.", is_query=True),
    Route("GET", "/api/active_tasks", active_tasks, "What is being done."),
    Route("POST", "/api/analysis/start", analysis_start, "Nothing to be done.", is_query=True),
    Route("GET", "/external/search", search_tracks, "Tracks by words.", parameters=_SEARCH),
    Route("GET", "/external/get_score", get_score, "The analysis of a track.", parameters={"id": _ID}),
    Route("GET", "/external/get_embedding", get_embedding, "The embedding of a track.", parameters={"id": _ID}),
)
