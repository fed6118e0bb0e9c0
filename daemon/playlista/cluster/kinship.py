"""What a daemon and its workers must have in common, so that it does not matter where a track is analyzed.

Input: the settings and versions of this process. Output: a ``Kinship``, and what another one has different.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from playlista import __version__
from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.analysis.mood_model import MoodModel
from playlista.analysis.tagger import Tagger
from playlista.cluster.messages import Refusal
from playlista.config import Settings
from playlista.musicnn.files import ModelFiles

#: Settings that change a value or cut a track.
_SETTINGS = (
    "memory_optimization_enabled",
    "memory_optimized_bit_depth",
    "memory_optimized_max_mb_per_track",
    "memory_optimized_memory_limit_percent",
    "memory_optimized_min_file_mb",
    "memory_optimized_sample_rate",
    "memory_reduce_sample_rate",
    "memory_streaming_enabled",
    "memory_use_float16",
    "mood_model",
    "musicnn_patch_hop_frames",
    "on_settings_change",
    "tempo_range",
    "track_timeout_seconds",
)


@dataclass(frozen=True, slots=True)
class Kinship:
    """Versions of the program and of each feature group, the models' checksum, and the settings that change values."""

    version: str
    groups: Mapping[str, int]
    model: str
    settings: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """The same for two processes that compute the same."""
        return hashlib.sha256(self.to_text().encode()).hexdigest()

    def to_text(self) -> str:
        """As it is sent."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_text(cls, text: str) -> Kinship:
        """The inverse of `to_text`; another version may say more, and is to be told by its version."""
        values = json.loads(text)
        return cls(**{entry.name: values[entry.name] for entry in fields(cls)})

    def difference(self, other: Kinship) -> tuple[Refusal, str] | None:
        """What `other`, a daemon's, has different, in one line; None where nothing is."""
        if self.version != other.version or dict(self.groups) != dict(other.groups):
            what = (
                f"Playlista {self.version} {_shown(self.groups)}, the daemon is {other.version} {_shown(other.groups)}"
            )
            return Refusal.VERSION, f"this worker is {what}; run the same version on both"
        if self.model != other.model:
            return Refusal.MODEL, (
                f"this worker has model {self.model[:12]}, the daemon {other.model[:12]}; "
                "prepare the same models on both, and choose MUSICNN_RUNTIME so that both have one or none"
            )
        differing = sorted(key for key in {*self.settings, *other.settings} if self._differs(key, other))
        if differing:
            values = ", ".join(
                f"{key.upper()} {self.settings.get(key)} for {other.settings.get(key)}" for key in differing
            )
            return (
                Refusal.SETTINGS,
                f"this worker has other settings than the daemon ({values}); give both the same file",
            )
        return None

    def _differs(self, key: str, other: Kinship) -> bool:
        return bool(self.settings.get(key) != other.settings.get(key))


def kinship_of(settings: Settings, analyzer: AudioAnalyzer, tagger: Tagger, mood_model: MoodModel) -> Kinship:
    """That of this process.

    Raises
    ------
    ModelError : the model's files were damaged since it was loaded.
    """
    values = {name: getattr(settings, name) for name in _SETTINGS}
    plain = json.loads(json.dumps(values))  # as they come out of a message
    return Kinship(__version__, dict(analyzer.versions), _models(settings, tagger, mood_model), plain)


def _models(settings: Settings, tagger: Tagger, mood_model: MoodModel) -> str:
    """One checksum of the files of both models, "none" without any; MusiCNN's alone where it is the only one."""
    files = ModelFiles.find(settings.models_path) if tagger.accumulator is not None else None
    checksums = {**(files.checksums if files else {}), **(mood_model.files.checksums if mood_model.files else {})}
    return hashlib.sha256(json.dumps(checksums, sort_keys=True).encode()).hexdigest() if checksums else "none"


def _shown(groups: Mapping[str, int]) -> str:
    return "(" + " ".join(f"{group}/{number}" for group, number in sorted(groups.items())) + ")"
