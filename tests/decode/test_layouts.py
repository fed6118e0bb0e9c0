"""Which loudspeaker each channel belongs to: by masks, by the rules of formats, by ffmpeg's word."""

from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.quality_files_judge import hear
from benchmarks.quality_files_writing import ffmpeg, layouts, raw_input, signal
from playlista.analysis.audio_analyzer import AudioAnalyzer, Pass
from playlista.config import Settings
from playlista.decode.layouts import default_layout, layout_name, mask_layout, named_layout, vorbis_layout
from playlista.decode.readers.ffmpeg_child import ffmpeg_path
from tests.decode.files import decoded
from tests.exhaustive import but_few

RATE_HZ = 48_000
#: Container, encoder, layouts: masks that libsndfile leaves aside, the order of Vorbis, what ffmpeg decodes and tells.
WRITTEN = (
    ("wav", "pcm_s16le", ("2.1", "3.1", "4.0", "quad", "4.1", "5.1(side)", "6.1(front)", "7.1", "7.1(wide)")),
    ("w64", "pcm_s16le", ("3.1", "7.1(wide)")),
    ("flac", "flac", ("2.1", "3.0", "3.1", "4.0", "4.1", "5.0(side)", "5.1", "hexagonal", "6.1", "7.1(wide)")),
    ("ogg", "libvorbis", ("3.0", "quad", "5.0", "5.1", "6.1", "7.1")),
    ("opus", "libopus", ("3.0", "quad", "5.0", "5.1", "6.1", "7.1")),
    ("mka", "flac", ("3.1", "5.1(side)")),
    ("mov", "pcm_s16le", ("4.1", "22.2")),
    ("caf", "pcm_s16le", ("2.1", "7.1(wide)")),
    ("aiff", "pcm_s16be", ("3.1", "5.1(side)")),
    ("m4a", "alac", ("5.1", "7.1(wide)")),
    ("m4a", "aac", ("4.0", "5.1", "7.1")),
    ("ac3", "ac3", ("3.0", "2.1", "5.1(side)")),
)
CASES = [(ending, codec, layout) for ending, codec, each in WRITTEN for layout in each]
#: Two of each container.
FEW = [(ending, codec, layout) for ending, codec, each in WRITTEN for layout in (each[0], each[-1])]


def loudness_and_layout(path: Path) -> tuple[float | None, str | None]:
    analyzer = AudioAnalyzer(Settings(musicnn_runtime="off"))
    analysis = analyzer.analyze(str(path), how=Pass(groups={"loudness"}))
    assert analysis.loudness is not None
    assert analysis.audio is not None
    return analysis.loudness.integrated_lufs, analysis.audio.channel_layout


@pytest.mark.parametrize("case", but_few(CASES, *FEW), ids="-".join)
def test_loudness_and_layout_are_those_of_ffmpeg(tmp_path: Path, case: tuple[str, str, str]) -> None:
    ending, codec, layout = case
    path = tmp_path / f"{layout}.{ending}"
    ffmpeg(path, *raw_input(tmp_path, layout), "-c:a", codec)
    if not path.exists():
        pytest.skip(f"this ffmpeg does not write {codec} in {layout} into {ending}")
    theirs = hear(path)
    lufs, name = loudness_and_layout(path)
    assert name == theirs.layout
    assert lufs == pytest.approx(theirs.integrated_lufs, abs=0.1)


@pytest.mark.parametrize("layout", ["FL+FR+LFE", "FL+FR+FC+LFE+BC", "FL+FR+FLC+FRC+SL+SR"])
def test_a_large_wav_that_is_read_from_its_mapping_has_its_mask_too(tmp_path: Path, layout: str) -> None:
    path = tmp_path / "masked.wav"
    ffmpeg(path, *raw_input(tmp_path, str(layout_name(named_layout(layout)))), "-c:a", "pcm_s16le")
    assert decoded(path, mapping_min_bytes=0).info.layout == tuple(layout.split("+"))


def test_a_mask_that_does_not_fit_the_channels_is_as_none(tmp_path: Path) -> None:
    path = tmp_path / "wrong.wav"
    ffmpeg(path, *raw_input(tmp_path, "3.1"), "-c:a", "pcm_s16le")
    raw = bytearray(path.read_bytes())
    place = raw.index(b"fmt ") + 28
    assert struct.unpack_from("<I", raw, place)[0] == 0b1111
    struct.pack_into("<I", raw, place, 0b111)
    path.write_bytes(raw)
    assert decoded(path).info.layout == default_layout(4) == ("FL", "FR", "FC", "BC")


@pytest.mark.parametrize("mapping_min_bytes", [None, 0])
def test_a_plain_wav_has_the_usual_layout_of_its_number_of_channels(
    tmp_path: Path, mapping_min_bytes: int | None
) -> None:
    path = tmp_path / "plain.wav"
    soundfile.write(path, signal(6), RATE_HZ, "PCM_16")
    assert layout_name(decoded(path, mapping_min_bytes=mapping_min_bytes).info.layout) == "5.1"


def test_opus_channels_without_a_meaning_have_no_layout(tmp_path: Path) -> None:
    # RFC 7845 section 5.1.1.3: mapping family 255.
    path = tmp_path / "discrete.opus"
    ffmpeg(path, *raw_input(tmp_path, "5.1"), "-c:a", "libopus", "-mapping_family", "255")
    assert decoded(path).info.layout == ()
    assert loudness_and_layout(path) == (pytest.approx(hear(path).integrated_lufs, abs=0.1), None)


def test_a_second_reader_delivers_the_channels_in_the_order_of_the_first(tmp_path: Path) -> None:
    # libsndfile has the order of Vorbis, ffmpeg that of WAV; the second link of a chain is read by whoever goes on.
    links = [tmp_path / f"{number}.ogg" for number in (1, 2)]
    for number, link in enumerate(links):
        given = raw_input(tmp_path, "5.1", seconds=6.0)
        ffmpeg(link, *given, "-c:a", "libvorbis", "-serial_offset", str(number + 7))
    chain = tmp_path / "chain.ogg"
    chain.write_bytes(b"".join(link.read_bytes() for link in links))
    samples = decoded(chain).samples
    assert len(samples) == pytest.approx(12 * RATE_HZ, abs=RATE_HZ // 10)
    levels = [10 * np.log10(np.mean(half.astype(np.float64) ** 2, axis=0)) for half in np.array_split(samples, 2)]
    assert levels[0] == pytest.approx(levels[1], abs=0.5)


def test_every_layout_that_ffmpeg_knows_is_known_by_its_name() -> None:
    listed = subprocess.run([ffmpeg_path(), "-hide_banner", "-layouts"], capture_output=True, text=True, check=True)
    lines = listed.stdout.partition("Standard channel layouts")[2].splitlines()
    stated = dict(line.split() for line in lines if re.search(r"^\S+ +[A-Z0-9]+(\+[A-Z0-9]+)*$", line))
    stated.pop("NAME")
    assert len(stated) == len(layouts()) > 25
    for name, channels in stated.items():
        assert named_layout(name) == tuple(channels.split("+"))
        assert layout_name(named_layout(name)) == name


def test_names_and_masks_of_layouts() -> None:
    assert named_layout("3 channels (FL+FR+TC)") == ("FL", "FR", "TC")
    assert layout_name(("FL", "FR", "TC")) == "FL+FR+TC"
    assert named_layout("6 channels") == named_layout("ambisonic 1") == ()
    assert layout_name(()) is None
    assert mask_layout(0x60F, 6) == ("FL", "FR", "FC", "LFE", "SL", "SR")
    assert mask_layout(0x60F, 5) == mask_layout(0, 3) == mask_layout(0xC0000000, 2) == ()
    assert layout_name(vorbis_layout(6)) == "5.1"
    assert [len(default_layout(channels)) for channels in range(1, 9)] == list(range(1, 9))
    assert default_layout(9) == vorbis_layout(9) == ()
