"""Under which names the formats have our fields.

Input: the name of a tag, as the tag library gives it. Output: the neutral name of our field, or None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

#: Comments that get the key: one of its two usual names, or both, since players differ in which they read.
KeyNames = Literal["both", "initialkey", "key"]

#: The last part of the names, in lower case.
_FIELDS_BY_NAME = {
    **dict.fromkeys(("bpm", "tbpm", "tmpo", "wm/beatsperminute"), "bpm"),
    **dict.fromkeys(("key", "tkey", "initialkey", "wm/initialkey"), "key"),
    **dict.fromkeys(("mood", "tmoo", "wm/mood"), "mood"),
    **dict.fromkeys(("replaygain_track_gain", "r128_track_gain", "rva2:track"), "replaygain_track_gain"),
    **dict.fromkeys(("replaygain_album_gain", "r128_album_gain", "rva2:album"), "replaygain_album_gain"),
    "energylevel": "energy",
    "replaygain_track_peak": "replaygain_track_peak",
    "replaygain_album_peak": "replaygain_album_peak",
}


def field_of(name: str) -> str | None:
    """The field that stands under `name` in some format; None for a tag that is none of ours."""
    return _FIELDS_BY_NAME.get(last_part(name))


def last_part(name: str) -> str:
    """`name` in lower case, without what ID3 and MP4 put before names of one's own."""
    lower = name.lower()
    return lower.rpartition(":")[2] if lower.startswith(("txxx:", "----:")) else lower


def comment_names(key_names: KeyNames) -> Mapping[str, tuple[str, ...]]:
    """Vorbis comments and APEv2 items of the fields that are not called as the field in capitals."""
    keys = ("INITIALKEY", "KEY") if key_names == "both" else (key_names.upper(),)
    return {"key": keys, "energy": ("ENERGYLEVEL",)}
