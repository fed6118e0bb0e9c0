"""The shared recordings, many of them deliberately odd: each ends as it must, and as long as ffmpeg says it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.decode.files import decoded, outcome
from tests.ffmpeg import ffmpeg

SUFFIXES = {".aiff", ".alac", ".ape", ".dsf", ".flac", ".m4a", ".mp3", ".mpc", ".ogg", ".opus", ".wav", ".wma", ".wv"}
#: Files that do not come out whole. WMA: a tag editor has overwritten the header's middle. DSF: one second of nothing.
EXPECTED = {
    "emptylist.mp3": "partial: corrupt",  # the Xing header says 3:37, and 1.1 s are there
    "oldape.ape": "failed: corrupt",  # its seek table is cut
    "empty.dsf": "failed: empty",
    "unparseable.dsf": "failed: empty",
    "empty.wma": "failed: corrupt",
    "full.wma": "failed: corrupt",
    "image.wma": "failed: corrupt",
    "pure.wma": "failed: corrupt",
    "unparseable.wma": "failed: corrupt",
    "06 - missing streaminfo metadata block.flac": "failed: corrupt",
    "08 - blocksize 65536.flac": "failed: corrupt",
    "11 - incorrect metadata block length.flac": "failed: corrupt",
}
#: Frames that odd FLAC files hold by the numbers in their frames, whatever their headers say.
FRAMES = {
    "05 - wrong total number of samples.flac": 109_487,
    "27 - old format variable blocksize file created with Flake 0.11.flac": 1_133_090,
    "04 - wrong number of channels.flac": 97_391,
    "04 - changing bitdepth.flac": 495_232,
}


def recordings(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


@pytest.mark.exhaustive
def test_every_shared_recording_ends_as_it_must(shared_audio: Path) -> None:
    paths = recordings(shared_audio)

    outcomes = {path.name: outcome(path, mapping_min_bytes=1024 * 1024) for path in paths}

    assert len(paths) == 158
    assert {name: ending for name, ending in outcomes.items() if ending != "whole"} == EXPECTED


def seconds_by_ffmpeg(path: Path) -> float | None:
    """Length of what ffmpeg decodes; None where it does not get through."""
    heard = ffmpeg(
        "-i", f"file:{path}", "-map", "0:a:0", "-ac", "1", "-ar", "8000", "-f", "s16le", "pipe:1", check=False
    )
    return len(heard) / 2 / 8000 or None


@pytest.mark.exhaustive
def test_lengths_agree_with_ffmpeg(shared_audio: Path) -> None:
    compared = 0
    # Of the FLAC test files that are wrong on purpose, ffmpeg's versions decode more or less.
    sane = (path for path in recordings(shared_audio) if path.parent.name not in {"faulty", "uncommon"})
    for path in sane:
        if EXPECTED.get(path.name, "partial").startswith("failed") or not (theirs := seconds_by_ffmpeg(path)):
            continue
        result = decoded(path)
        ours = len(result.samples) / result.info.sample_rate_hz
        # MPEG decoders differ by the frames that they need to get going: 1152 samples of 26 ms each.
        assert ours == pytest.approx(theirs, abs=0.08), path.name
        compared += 1

    assert compared > 120


def test_odd_flacs_hold_as_many_frames_as_were_put_in(shared_audio: Path) -> None:
    for name, frames in FRAMES.items():
        (path,) = shared_audio.rglob(name)
        assert len(decoded(path).samples) == frames, name


def test_a_flac_that_changes_its_rate_or_channels_is_converted_to_what_it_began_with(shared_audio: Path) -> None:
    rates = decoded(next(shared_audio.rglob("01 - changing samplerate.flac")))
    more = decoded(next(shared_audio.rglob("02 - increasing number of channels.flac")))
    fewer = decoded(next(shared_audio.rglob("03 - decreasing number of channels.flac")))

    assert (rates.info.sample_rate_hz, rates.error, more.info.channels, fewer.info.channels) == (32000, None, 1, 4)
    for result in (rates, more, fewer):
        last_third = result.samples[len(result.samples) * 2 // 3 :]
        assert np.abs(last_third).max() > 0.3  # libsndfile had stopped in the first third, where the channels change
