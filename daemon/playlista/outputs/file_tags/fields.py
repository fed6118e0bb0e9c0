"""What is written into a file's tags, by neutral names and as text. Input: an analysis. Output: the fields."""

from __future__ import annotations

from playlista.tracks import Analysis

#: MSD tags that speak of mood; the strongest above the threshold are written.
MOODS = frozenset(
    {"beautiful", "chill", "chillout", "catchy", "easy listening", "happy", "Mellow", "party", "sad", "sexy"}
)
MOOD_THRESHOLD = 0.1

Fields = dict[str, str]


def tag_fields(analysis: Analysis) -> Fields:
    """Tags for `analysis` by neutral name: bpm, key, mood, replaygain_track_gain, replaygain_track_peak.

    The gain is in dB against -18 LUFS (ReplayGain 2), the peak linear with 1.0 as full scale.
    """
    fields: Fields = {}
    if analysis.rhythm and analysis.rhythm.bpm:
        fields["bpm"] = f"{analysis.rhythm.bpm:.2f}"
    if analysis.tonal and analysis.tonal.key:
        fields["key"] = analysis.tonal.key + ("m" if analysis.tonal.scale == "minor" else "")
    if moods := _moods(analysis):
        fields["mood"] = "; ".join(moods)
    loudness = analysis.loudness
    if loudness and loudness.replaygain_track_gain_db is not None:
        fields["replaygain_track_gain"] = f"{loudness.replaygain_track_gain_db:+.2f} dB"
    if loudness and loudness.true_peak_dbtp is not None:
        fields["replaygain_track_peak"] = f"{10 ** (loudness.true_peak_dbtp / 20):.6f}"
    return fields


def _moods(analysis: Analysis) -> list[str]:
    tags = analysis.tagging.tags if analysis.tagging else {}
    strong = [name for name in MOODS if tags.get(name, 0.0) >= MOOD_THRESHOLD]
    return sorted(strong, key=lambda name: -tags[name])
