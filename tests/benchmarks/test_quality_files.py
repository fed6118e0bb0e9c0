"""The table "files": what counts as a difference, what explains it, and that the makers write what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.quality_files import differences, table, unexplained
from benchmarks.quality_files_judge import hear
from benchmarks.quality_files_odd import APEV2, ID3V1, ID3V2, odd_jobs
from benchmarks.quality_files_writing import RATE_HZ, ffmpeg, layouts, raw_input, signal

ROW: dict[str, Any] = {
    "name": "a--b.wav",
    "kind": "made: a",
    "status": "analyzed",
    "reason": None,
    "seconds": 2.0,
    "lufs": -14.04,
    "rate_hz": 44_100,
    "layout": "5.1",
    "ffmpeg_seconds": 2.05,
    "ffmpeg_lufs": -14.1,
    "ffmpeg_rate_hz": 44_100,
    "ffmpeg_layout": "6 channels (FL+FC+FR+BL+BR+LFE)",
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"seconds": 1.9}, ["seconds"]),
        ({"lufs": -13.95}, ["LUFS"]),
        ({"lufs": None, "ffmpeg_lufs": None}, []),
        ({"rate_hz": 48_000}, ["Hz"]),
        ({"layout": "5.1(side)"}, ["layout"]),
        ({"layout": None, "ffmpeg_layout": "6 channels"}, []),
        ({"layout": "mono", "ffmpeg_layout": "1 channels"}, []),
        ({"status": "partial"}, ["status"]),
        ({"seconds": None}, ["status"]),
        ({"seconds": None, "ffmpeg_seconds": None, "status": "failed"}, []),
    ],
)
def test_a_difference_is_what_the_table_does_not_allow(changed: dict[str, Any], expected: list[str]) -> None:
    assert differences(ROW | changed) == expected


def test_a_difference_without_a_reason_is_a_fault_and_one_with_a_reason_is_told() -> None:
    known = ROW | {"name": "voc--u8--mono.voc", "differs": ["LUFS"]}
    worse = ROW | {"name": "voc--u8--mono.voc", "differs": ["LUFS", "status"]}
    assert unexplained([ROW | {"differs": []}, known, worse]) == [worse["name"]]
    page = table([ROW | {"differs": []}, known, worse])
    assert "| **all** | 3 | 1 | 2 |" in page
    assert "loses the highest band" in page
    assert "**to be looked at**" in page


def test_the_judge_hears_length_rate_layout_and_loudness(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    ffmpeg(path, *raw_input(tmp_path, "stereo"), "-c:a", "pcm_s16le")
    heard = hear(path)
    assert (heard.seconds, heard.sample_rate_hz, heard.layout) == (1.5, RATE_HZ, "stereo")
    assert heard.integrated_lufs is not None
    (tmp_path / "b.wav").write_bytes(b"no sound at all")
    assert hear(tmp_path / "b.wav").seconds is None


def test_no_two_neighbouring_channels_of_the_signal_have_one_level() -> None:
    samples = signal(max(layouts().values()))
    levels_db = 20 * np.log10(samples.std(axis=0))
    assert np.abs(np.diff(levels_db)).min() > 3


def test_tags_are_as_long_as_they_say() -> None:
    assert len(ID3V1) == 128
    assert len(ID3V2) == 10 + (ID3V2[8] << 7 | ID3V2[9])
    assert len(APEV2) == 32 + int.from_bytes(APEV2[12:16], "little")


def test_every_odd_file_has_a_name_of_its_own(tmp_path: Path) -> None:
    paths = [path for path, _ in odd_jobs(tmp_path, tmp_path)]
    assert len(set(paths)) == len(paths) > 100
