"""Tracks as AudioMuse-AI's plugins read them.

Input: track summaries and result objects of our API. Output: documents in the other's words: an artist is an "author",
a similarity a "distance", activations are one text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from playlista.library.folding import folded

Document = dict[str, Any]

#: Where a name is not known.
UNKNOWN = "unknown"
#: Activations in one text.
_MOST_TAGS = 5
#: The other's features, each with the mood that it is here, or MusiCNN's tag where moods are not known.
_FEATURES = {"aggressive": "aggressive", "happy": "happy", "party": "party", "relaxed": "calm", "sad": "sad"}


def row(track: Mapping[str, Any], item_id: str, **more: object) -> Document:
    """A track with its id, and what a list says of it besides."""
    return {
        "item_id": item_id,
        "title": track["title"] or "",
        "author": track["artist"] or "",
        "album": track["album"] or UNKNOWN,
        "album_artist": track["artist"] or UNKNOWN,
        **more,
    }


def distance(track: Mapping[str, Any]) -> float:
    """0 for the same sound to 1 for unrelated: what is left of a similarity 0..1."""
    return float(round(1 - track["similarity"], 4))


def without_repeats(tracks: Iterable[Mapping[str, Any]], *known: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The tracks without those whose artist and title stand before them or are those of `known`."""
    seen, kept = {_names(one) for one in known}, []
    for track in tracks:
        if _names(track) not in seen:
            seen.add(_names(track))
            kept.append(track)
    return kept


def score(result: Mapping[str, Any], item_id: str) -> Document:
    """What the analysis of a track says; what is not known is left out, for a reader would take null for a value."""
    rhythm, tonal = result["rhythm"] or {}, result["tonal"] or {}
    names = result.get("metadata") or {}
    values = {
        "tempo": rhythm.get("bpm"),
        "key": tonal.get("key"),
        "scale": tonal.get("scale"),
        "energy": (result.get("mood") or {}).get("energy"),
        "mood_vector": _text(_highest(result.get("tags") or {})),
        "other_features": _text(_features(result)),
    }
    known = {name: value for name, value in values.items() if value not in (None, "")}
    track = {"title": names.get("title"), "artist": names.get("artist"), "album": names.get("album")}
    return {**row(track, item_id), **known}


def _names(track: Mapping[str, Any]) -> tuple[str, str]:
    return folded(track["artist"] or ""), folded(track["title"] or "")


def _highest(tags: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(tags.items(), key=lambda pair: -pair[1])[:_MOST_TAGS])


def _features(result: Mapping[str, Any]) -> dict[str, float]:
    moods = (result.get("mood") or {}).get("moods") or {}
    values = {**(result.get("tags") or {}), **moods}
    found = {feature: values[name] for feature, name in _FEATURES.items() if name in values}
    danceability = (result["rhythm"] or {}).get("danceability")
    return found if danceability is None else {"danceable": danceability, **found}


def _text(activations: Mapping[str, float]) -> str:
    """ "rock:0.81,guitar:0.4": names without the signs that separate them."""
    return ",".join(f"{name.replace(':', ' ').replace(',', ' ')}:{value:.3f}" for name, value in activations.items())
