"""What is written into a file's tags, by neutral names and as text. Input: an analysis. Output: the fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from playlista.tracks import Analysis, Tonal
from playlista.tracks.mood import USUAL_MOOD

#: The fields by the words of TAG_WRITE.
FIELDS_OF_CHOICE = {
    "bpm": ("bpm",),
    "key": ("key",),
    "replaygain": (
        "replaygain_track_gain",
        "replaygain_track_peak",
        "replaygain_album_gain",
        "replaygain_album_peak",
    ),
    "mood": ("mood",),
    "energy": ("energy",),
}

#: Fields that are of use together alone: a gain of ours with a peak of another program could clip.
GROUPS = (
    ("bpm",),
    ("key",),
    ("mood",),
    ("energy",),
    ("replaygain_track_gain", "replaygain_track_peak"),
    ("replaygain_album_gain", "replaygain_album_peak"),
)

KeyNotation = Literal["musical", "camelot", "openkey"]
Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class AlbumGain:
    """ReplayGain 2 of a whole album.

    gain_db : against -18 LUFS.
    peak : the highest true peak of its tracks, linear, 1.0 is full scale; None where none is known.
    """

    gain_db: float
    peak: float | None


def tag_fields(
    analysis: Analysis,
    *,
    choices: tuple[str, ...] = tuple(FIELDS_OF_CHOICE),
    notation: KeyNotation = "musical",
    album: AlbumGain | None = None,
) -> Fields:
    """Tags for `analysis` by neutral name; what is not known is left out.

    bpm, key, mood, energy, replaygain_track_gain, replaygain_track_peak, replaygain_album_gain, replaygain_album_peak.
    The gains are in dB against -18 LUFS (ReplayGain 2), the peaks linear with 1.0 as full scale. The moods are those
    that the track has as much as the upper fifth of other music, the strongest first. Energy is a whole number from 1
    to 10, as programs for DJs write it.

    Parameters
    ----------
    choices : words of TAG_WRITE.
    album : where the album of the track is known and analyzed as a whole.
    """
    wanted = {field for choice in choices for field in FIELDS_OF_CHOICE[choice]}
    known = _rhythm_and_key(analysis, notation) | _gains(analysis, album) | _mood(analysis)
    return {field: text for field, text in known.items() if field in wanted}


def key_text(tonal: Tonal, notation: KeyNotation) -> str | None:
    """The key as "F#m", "11A" (Camelot) or "4m" (Open Key); None where there is none."""
    if tonal.key is None or tonal.camelot is None:
        return None
    if notation == "camelot":
        return tonal.camelot
    if notation == "openkey":
        # Both wheels go by fifths; C major is 8B on the one and 1d on the other.
        number, is_major = int(tonal.camelot[:-1]), tonal.camelot.endswith("B")
        return f"{(number - 8) % 12 + 1}{'d' if is_major else 'm'}"
    return tonal.key + ("m" if tonal.scale == "minor" else "")


def _rhythm_and_key(analysis: Analysis, notation: KeyNotation) -> Fields:
    fields: Fields = {}
    if analysis.rhythm and analysis.rhythm.bpm:
        fields["bpm"] = f"{analysis.rhythm.bpm:.2f}"
    if analysis.tonal and (key := key_text(analysis.tonal, notation)):
        fields["key"] = key
    return fields


def _gains(analysis: Analysis, album: AlbumGain | None) -> Fields:
    fields: Fields = {}
    loudness = analysis.loudness
    if loudness and loudness.replaygain_track_gain_db is not None:
        fields["replaygain_track_gain"] = gain_text(loudness.replaygain_track_gain_db)
    if loudness and loudness.true_peak_dbtp is not None:
        fields["replaygain_track_peak"] = peak_text(10 ** (loudness.true_peak_dbtp / 20))
    if album is not None:
        fields["replaygain_album_gain"] = gain_text(album.gain_db)
    if album is not None and album.peak is not None:
        fields["replaygain_album_peak"] = peak_text(album.peak)
    return fields


def gain_text(gain_db: float) -> str:
    """A gain as ReplayGain 2 writes it: "-8.50 dB"."""
    return f"{round(gain_db, 2) + 0.0:+.2f} dB"  # without a negative zero, which reads back as another text


def peak_text(peak: float) -> str:
    """A linear peak: "0.944061"."""
    return f"{peak:.6f}"


def _mood(analysis: Analysis) -> Fields:
    mood, fields = analysis.mood, Fields()
    moods = (mood.moods if mood else None) or {}
    if strong := sorted((name for name, value in moods.items() if value >= USUAL_MOOD), key=lambda name: -moods[name]):
        fields["mood"] = "; ".join(strong)
    if mood and mood.energy is not None:
        fields["energy"] = str(round(1 + 9 * mood.energy))
    return fields
