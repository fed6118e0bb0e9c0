"""The feature groups of a result but for ``health``, which has a module of its own.

The field names are those of the public result object. Nothing is computed here.
"""

from __future__ import annotations

from dataclasses import dataclass

from playlista.tracks.beat_grid import decode_beats

#: The groups of features, in the order in which they are reported; each has a version of its own.
FEATURE_GROUPS = ("rhythm", "tonal", "loudness", "spectral", "tags", "health", "fingerprint", "vibenet")

#: Tempi that are looked for.
SLOWEST_BPM, FASTEST_BPM = 45, 220

#: By feature group the settings that its values depend on, such as ``{"rhythm": {"sample_rate_hz": 22050}}``.
GroupSettings = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Tempo, beats and onsets. ``bpm`` is None where there is no beat; ``bpm_confidence`` is then 0.

    bpm_candidates : tempi between which the octave is open, the best first, each with its weight: about how
        often such a tempo is right. The weights add up to 1. Empty where there is no doubt, or no beat.
    tempo_changes : the second from which on the track has a tempo, and that tempo; one for a track of one tempo.
    beat_grid : the times of the beats as text, see ``beat_grid``; None in results of older versions.
    """

    bpm: float | None
    bpm_confidence: float
    beats_count: int
    onset_rate_hz: float
    danceability: float | None
    bpm_candidates: tuple[tuple[float, float], ...] = ()
    tempo_changes: tuple[tuple[float, float], ...] = ()
    beat_grid: str | None = None

    def beat_times(self) -> list[float] | None:
        """Seconds; None in results of older versions."""
        return None if self.beat_grid is None else decode_beats(self.beat_grid)


@dataclass(frozen=True, slots=True)
class Tonal:
    """Key with sharps ("C#"), Camelot code and tuning; all None on silence, noise, speech and drums alone.

    key_changes : the second from which on the track has a key, its tonic and scale; one for a track of one key.
    """

    key: str | None
    scale: str | None
    strength: float | None
    camelot: str | None
    tuning_hz: float | None
    key_changes: tuple[tuple[float, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Loudness:
    """EBU R 128 and ReplayGain 2; None where the gate of the standard lets nothing through."""

    integrated_lufs: float | None
    range_lu: float | None
    true_peak_dbtp: float | None
    replaygain_track_gain_db: float | None


@dataclass(frozen=True, slots=True)
class Spectral:
    """Means over frames of the spectral descriptors; see ``features.spectral`` for each formula."""

    centroid_hz: float
    rolloff_hz: float
    flatness: float
    flux: float
    zero_crossing_rate: float
    contrast: tuple[float, ...]
    mfcc_mean: tuple[float, ...]
    mfcc_var: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Tagging:
    """MusiCNN's answer, as means over patches; ``padded`` when a short file had to be filled up to one patch."""

    tags: dict[str, float]
    embedding: tuple[float, ...]
    patches: int
    padded: bool
    runtime: str


@dataclass(frozen=True, slots=True)
class Vibenet:
    """How the music is heard, by the optional network VibeNet; each 0..1.

    acousticness, instrumentalness, liveness : how likely it is played on acoustic instruments, without a voice, to an
        audience.
    danceability, energy, speechiness, valence : how fit for dancing, how intense, how much of it is spoken, how happy.
    """

    acousticness: float
    danceability: float
    energy: float
    instrumentalness: float
    liveness: float
    speechiness: float
    valence: float


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Which recording it is, from its first two minutes; ``tracks.fingerprint`` makes arrays of it.

    chromaprint : as `fpcalc` writes it and AcoustID takes it.
    band_levels : how loud eight bands are every two seconds, as base64.
    """

    chromaprint: str
    band_levels: str
