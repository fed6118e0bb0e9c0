"""A file on disk, and the result object that its analysis becomes.

The field names of :class:`Analysis`, and of the feature groups (``groups``, ``health``) in it, are the public result
object; ``Analysis.to_json`` writes it and ``Analysis.from_json`` reads it back. Nothing is computed here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Any

from playlista.errors import FailureReason
from playlista.tracks.groups import Fingerprint, GroupSettings, Loudness, Rhythm, Spectral, Tagging, Tonal, Vibenet
from playlista.tracks.health import Health
from playlista.tracks.metadata import Metadata
from playlista.tracks.mood import MOOD_VERSION, Mood, derive_mood
from playlista.tracks.origin import Origin


class Status(StrEnum):
    """How an analysis ended."""

    ANALYZED = "analyzed"
    PARTIAL = "partial"
    FAILED = "failed"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class TrackFile:
    """A file as ``stat`` saw it: its identity on disk.

    ``path`` is relative to the music folder, and holds surrogate escapes where the name on disk is not UTF-8.
    ``inode`` and ``ctime_ns`` are 0 where they are not known or do not last. The change time is the one number that
    no program can set: it moves with each write, rename, link, and change of mode or owner.
    """

    path: str
    device: int
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int = 0

    @classmethod
    def from_stat(cls, path: str, stat: os.stat_result) -> TrackFile:
        """Identity of `path` from an ``os.stat_result`` that the caller already has."""
        return cls(path, stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class Audio:
    """What was decoded. Durations are in seconds; ``declared_seconds`` is None where the header does not say.

    ``truncation_reason`` names the bound at which a ``truncated`` track was cut; None for a whole one.
    ``channel_layout`` is ffmpeg's name of it ("stereo", "5.1(side)"), or the channels ("FL+FR+TC"); None where neither
    the file nor the rules of its format say which loudspeaker a channel belongs to.
    """

    duration_seconds: float
    analyzed_seconds: float
    declared_seconds: float | None
    sample_rate_hz: int
    channels: int
    format: str
    truncated: bool
    truncation_reason: str | None = None
    channel_layout: str | None = None


#: A result keeps no more chapters than this, and no more characters of a title.
MAX_CHAPTERS = 1000
_MAX_TITLE = 200


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of a track, in seconds from its start; ``end_seconds`` is None where only the starts are known."""

    start_seconds: float
    end_seconds: float | None
    title: str

    @classmethod
    def of(cls, start_seconds: float, end_seconds: float | None, title: str) -> Chapter:
        """A chapter with a title of bounded length and times to the millisecond."""
        end = None if end_seconds is None else round(end_seconds, 3)
        return cls(round(max(0.0, start_seconds), 3), end, " ".join(title.split())[:_MAX_TITLE])


@dataclass(frozen=True, slots=True)
class Timings:
    """CPU seconds of the thread that did each stage; ``total_seconds`` is wall time from open to result."""

    decode_seconds: float = 0.0
    resample_seconds: float = 0.0
    rhythm_seconds: float = 0.0
    tonal_seconds: float = 0.0
    loudness_seconds: float = 0.0
    spectral_seconds: float = 0.0
    tags_seconds: float = 0.0
    health_seconds: float = 0.0
    fingerprint_seconds: float = 0.0
    vibenet_seconds: float = 0.0
    total_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes: the process's peak so far, what the track's own buffers and accumulators held at most, the limit."""

    peak_rss_bytes: int
    retained_bytes: int
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """The result object of one track; groups are None where nothing could be computed.

    ``mood`` is no field: it is derived from the others wherever it is asked for, so that it is never out of date.
    """

    path: str
    status: Status
    reason: FailureReason | None = None
    detail: str | None = None
    audio: Audio | None = None
    rhythm: Rhythm | None = None
    tonal: Tonal | None = None
    loudness: Loudness | None = None
    spectral: Spectral | None = None
    tagging: Tagging | None = None
    health: Health | None = None
    fingerprint: Fingerprint | None = None
    #: Where MOOD_MODEL asks for it.
    vibenet: Vibenet | None = None
    versions: dict[str, int] = field(default_factory=dict)
    #: By group the settings that its values depend on; a result of version 0.1 says none.
    settings: GroupSettings = field(default_factory=dict)
    timings: Timings = Timings()
    memory: MemoryUse | None = None
    music_hash: str | None = None
    origin: Origin = field(default=Origin(), compare=False)
    chapters: tuple[Chapter, ...] = ()
    #: Of the file, not of its sound; None where the tags were not read.
    metadata: Metadata | None = field(default=None, compare=False)

    @property
    def mood(self) -> Mood | None:
        """What follows from the groups for the mood of the track; None where there are none."""
        return derive_mood(self.rhythm, self.loudness, self.spectral, self.tagging, self.vibenet)

    def to_json(self) -> dict[str, Any]:
        """The result object of the contract: plain types, groups as objects, null where unknown; without `origin`."""
        document = {entry.name: _plain(getattr(self, entry.name)) for entry in fields(self)}
        document["mood"] = _plain(mood := self.mood)
        document["versions"] = self.versions | ({} if mood is None else {"mood": MOOD_VERSION})
        del document["origin"]
        tagging = document.pop("tagging") or {}
        tags, embedding = tagging.pop("tags", None), tagging.pop("embedding", None)
        return document | {"tags": tags, "embedding": embedding, "tagging": tagging or None}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Analysis:
        """The inverse of `to_json`; also reads what JSON made lists of.

        Fields that a newer version added are left out, so that going back to this one needs no other database.
        """
        values = dict(document)
        values.pop("mood", None)  # derived, see above
        tags, embedding, tagging = (values.pop(key, None) for key in ("tags", "embedding", "tagging"))
        if tagging is not None:
            values["tagging"] = Tagging(**_known(Tagging, {**tagging, "tags": tags, "embedding": tuple(embedding)}))
        for name, group in GROUP_TYPES.items():
            if values.get(name) is not None:
                values[name] = group(**{key: _frozen(value) for key, value in _known(group, values[name]).items()})
        values["chapters"] = tuple(Chapter(**_known(Chapter, one)) for one in values.get("chapters") or ())
        values["versions"] = {group: number for group, number in values.get("versions", {}).items() if group != "mood"}
        values["status"] = Status(values["status"])
        values["reason"] = reason_of(values.get("reason"))
        return cls(**_known(cls, values))


GROUP_TYPES: dict[str, type] = {
    "audio": Audio,
    "rhythm": Rhythm,
    "tonal": Tonal,
    "loudness": Loudness,
    "spectral": Spectral,
    "health": Health,
    "fingerprint": Fingerprint,
    "vibenet": Vibenet,
    "timings": Timings,
    "memory": MemoryUse,
    "metadata": Metadata,
}


def reason_of(text: str | None) -> FailureReason | None:
    """The reason that was stored as `text`, None if there is none; one that a newer version added is INTERNAL."""
    if not text:
        return None
    return FailureReason(text) if text in set(FailureReason) else FailureReason.INTERNAL


def _known(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    names = {entry.name for entry in fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _plain(value: Any) -> Any:
    """Dataclasses as dicts, also in tuples. ``asdict`` copies each number by itself, which takes four times as long."""
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, tuple) and value and is_dataclass(value[0]):
        return tuple(map(_plain, value))
    return value


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(one) for key, one in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
