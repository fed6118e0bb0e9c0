"""Tags in files: written as each format has them, the sound untouched, the file whole or as it was."""

from __future__ import annotations

from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile

from playlista.errors import PlaylistaError
from playlista.outputs.file_tags import wished_fields, write_tags
from playlista.tracks import Analysis, Loudness, Rhythm, Status, Tagging, Tonal
from tests import signals

ANALYSIS = Analysis(
    "song",
    Status.ANALYZED,
    rhythm=Rhythm(127.98, 0.9, 100, 2.0, 1.0),
    tonal=Tonal("F#", "minor", 0.8, "11A", 440.0),
    loudness=Loudness(-9.5, 5.0, -0.5, -8.5),
    tagging=Tagging({"happy": 0.3, "sad": 0.02, "Mellow": 0.4, "rock": 0.9}, (0.0,), 1, False, "numpy"),
)
FIELDS = wished_fields(ANALYSIS)


def test_what_is_wished_comes_from_the_analysis() -> None:
    assert FIELDS == {
        "bpm": "127.98",
        "key": "F#m",
        "mood": "Mellow; happy",
        "replaygain_track_gain": "-8.50 dB",
        "replaygain_track_peak": "0.944061",  # 10 ** (-0.5 / 20)
    }


def test_nothing_is_wished_where_nothing_is_known() -> None:
    assert wished_fields(Analysis("song", Status.FAILED)) == {}


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        (".flac", {"bpm": "127.98", "initialkey": "F#m", "key": "F#m", "replaygain_track_gain": "-8.50 dB"}),
        (".ogg", {"bpm": "127.98", "initialkey": "F#m", "mood": "Mellow; happy"}),
        (".opus", {"bpm": "127.98", "r128_track_gain": str(round(-13.5 * 256))}),
        (".mp3", {"TBPM": "128", "TKEY": "F#m", "TXXX:REPLAYGAIN_TRACK_GAIN": "-8.50 dB"}),
        (".wav", {"TBPM": "128", "TKEY": "F#m"}),
        (".aiff", {"TBPM": "128", "TKEY": "F#m"}),
    ],
)
def test_each_format_gets_its_own_fields_and_keeps_its_sound(
    tmp_path: Path, suffix: str, expected: dict[str, str]
) -> None:
    path = tmp_path / f"song{suffix}"
    rate = 48000 if suffix == ".opus" else 44100
    soundfile.write(
        path,
        signals.song(2, rate),
        rate,
        format="OGG" if suffix == ".opus" else None,
        subtype="OPUS" if suffix == ".opus" else None,
    )
    path.chmod(0o640)
    before, _ = soundfile.read(path)
    write_tags(str(path), FIELDS)
    after, _ = soundfile.read(path)
    np.testing.assert_array_equal(before, after)
    tags = mutagen.File(path).tags
    assert {name: str(tags[name][0]) for name in expected} == expected
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_other_tags_stay(tmp_path: Path) -> None:
    path = signals.write(tmp_path / "song.flac", signals.song(1))
    file = mutagen.File(path)
    file["TITLE"] = "a title"
    file.save()
    write_tags(str(path), FIELDS)
    assert mutagen.File(path)["TITLE"] == ["a title"]


def test_a_file_that_takes_no_tags_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp3"
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(PlaylistaError, match="it is as it was"):
        write_tags(str(path), FIELDS)
    assert path.read_bytes() == bytes(range(256)) * 40
    assert [entry.name for entry in tmp_path.iterdir()] == ["noise.mp3"]
