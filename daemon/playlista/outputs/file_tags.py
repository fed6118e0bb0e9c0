"""Writes what was found into a file's own tags: tempo, key, ReplayGain, mood. The only room that changes music files.

What enters: a path and its analysis. What leaves: the tags that would be written, and with `write_tags` a new file in
place of the old one: a copy is tagged, synced and renamed over it, so that a crash leaves the one or the other.

Fields: ID3v2 TBPM, TKEY, TMOO, TXXX:REPLAYGAIN_*; Vorbis comments and APEv2 BPM, INITIALKEY (with KEY), MOOD,
REPLAYGAIN_*; MP4 tmpo and iTunes freeform atoms; Opus R128_TRACK_GAIN (RFC 7845: Q7.8 against -23 LUFS).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import mutagen
from mutagen.apev2 import APEv2File
from mutagen.flac import FLAC
from mutagen.id3 import TBPM, TKEY, TMOO, TXXX
from mutagen.mp4 import MP4, MP4FreeForm
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

from playlista.errors import PlaylistaError
from playlista.tracks import Analysis

#: MSD tags that speak of mood; the strongest above the threshold are written.
MOODS = frozenset(
    {"beautiful", "chill", "chillout", "catchy", "easy listening", "happy", "Mellow", "party", "sad", "sexy"}
)
MOOD_THRESHOLD = 0.1
#: ReplayGain 2 refers to -18 LUFS, R128_TRACK_GAIN to -23 (RFC 7845, section 5.2.1).
R128_BELOW_REPLAYGAIN_DB = 5.0

Fields = dict[str, str]


def wished_fields(analysis: Analysis) -> Fields:
    """Tags for `analysis` by neutral name: bpm, key, mood, replaygain_track_gain, replaygain_track_peak."""
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


def write_tags(path: str, fields: Fields) -> None:
    """Put `fields` into the tags of the file at `path`; its other tags, mode and times of access stay.

    Raises
    ------
    PlaylistaError : the format takes no tags, or the file cannot be replaced; it is then as it was.
    """
    folder, name = os.path.split(os.path.abspath(path))
    copy = None
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".playlista-", suffix=name[-32:], delete=False) as opened:
            copy = opened.name
        shutil.copy2(path, copy)
        _tag(copy, fields)
        _sync(copy)
        os.replace(copy, path)
        copy = None
    except OSError as error:
        raise PlaylistaError(f"{path}: cannot be tagged ({error.strerror or error}); it is as it was") from error
    except mutagen.MutagenError as error:
        raise PlaylistaError(f"{path}: cannot be tagged ({error}); it is as it was") from error
    finally:
        if copy is not None:
            with suppress(OSError):
                os.unlink(copy)


def _tag(path: str, fields: Fields) -> None:
    file = mutagen.File(path)
    if file is None:
        raise mutagen.MutagenError("no tags are known for this format")
    if file.tags is None:
        file.add_tags()
    _writer_for(file)(file, fields)
    file.save()


def _writer_for(file: Any) -> Callable[[Any, Fields], None]:
    if isinstance(file, OggOpus):
        return _write_opus
    if isinstance(file, (FLAC, OggVorbis, APEv2File)) or file.tags.__class__.__name__.endswith("VComment"):
        return _write_comments
    if isinstance(file, MP4):
        return _write_mp4
    if hasattr(file.tags, "setall"):  # ID3, also inside WAV and AIFF
        return _write_id3
    raise mutagen.MutagenError("no tags are known for this format")


def _write_comments(file: Any, fields: Fields) -> None:
    names = {"bpm": ("BPM",), "key": ("INITIALKEY", "KEY"), "mood": ("MOOD",)}
    for field, text in fields.items():
        for name in names.get(field, (field.upper(),)):
            file[name] = text


def _write_opus(file: Any, fields: Fields) -> None:
    gain_db = fields.get("replaygain_track_gain")
    _write_comments(file, {name: text for name, text in fields.items() if not name.startswith("replaygain")})
    if gain_db is not None:
        file["R128_TRACK_GAIN"] = str(round((float(gain_db.split()[0]) - R128_BELOW_REPLAYGAIN_DB) * 256))


def _write_mp4(file: Any, fields: Fields) -> None:
    atoms = {"key": "initialkey", "mood": "MOOD"}
    for field, text in fields.items():
        if field == "bpm":
            file["tmpo"] = [round(float(text))]
        else:
            file[f"----:com.apple.iTunes:{atoms.get(field, field)}"] = [MP4FreeForm(text.encode())]


def _write_id3(file: Any, fields: Fields) -> None:
    frames: dict[str, Any] = {"bpm": TBPM, "key": TKEY, "mood": TMOO}
    for field, text in fields.items():
        if field in frames:
            # The standard wants whole beats in TBPM.
            shown = str(round(float(text))) if field == "bpm" else text
            file.tags.setall(frames[field].__name__, [frames[field](encoding=3, text=[shown])])
        else:
            name = field.upper()
            file.tags.setall(f"TXXX:{name}", [TXXX(encoding=3, desc=name, text=[text])])


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
