"""What a server is given to answer from in tests: as little as there is, and what a test says."""

from __future__ import annotations

from typing import Any

from playlista.serve.media_ids import OwnIds
from playlista.serve.views import Document, Views


def views_of(**given: Any) -> Views:
    """Views of an empty library, but for what is `given`."""
    empty: dict[str, Any] = {
        "metrics": lambda: b"",
        "not_ready": lambda: None,
        "status": dict,
        "track": lambda name: None,
        "findings": lambda path: {},
        "evidence": lambda file_id: {"heard_seconds": 0.0, "spectrum": None, "waveforms": [], "left_out": 0},
        "report": lambda file_id: Document(b"<!doctype html>", "default-src 'none'"),
        "tracks": lambda status, after, limit: iter(()),
        "results": lambda ids: iter(()),
        "failures": list,
        "failure_groups": list,
        "retry": lambda request: 0,
        "settings": list,
        "file": lambda file_id: None,
        "finished": lambda after: [],
        "track_page": lambda track_filter, sort, after, limit: {"tracks": [], "next": None, "total": 0},
        "summaries": lambda ids: [],
        "search": lambda text, limit: {"tracks": [], "artists": [], "albums": [], "tags": []},
        "stats": dict,
        "duplicates": lambda after, limit, file_id, same_audio: {
            "recordings": [],
            "next": None,
            "total": 0,
            "tracks": 0,
            "due": 0,
        },
        "similar": lambda request: {"of": {}, "tracks": []},
        "blend": lambda add, subtract, count: {"tracks": []},
        "way": lambda first, last, count: {"tracks": []},
        "map": lambda colour, limit: {},
        "playlists": lambda: {"folder": None, "error": None, "playlists": []},
        "playlist_preview": lambda name: {"name": name, "tracks": []},
        "rule_preview": lambda rule: {"name": "preview", "tracks": []},
        "neighbour_similarities": lambda ids: [],
        "media_ids": OwnIds(),
    }
    return Views(**empty | given)
