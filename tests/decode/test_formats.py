"""Every format, coding, rate and number of channels that the contract names, against signals that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.decode.files import chord, correlation, decoded, encoded
from tests.signals import noise, sine

#: Half a step of the coarsest quantizer of each coding, relative to full scale; A-law and mu-law: their worst step.
EXACTNESS = {
    "PCM_S8": 1 / 128,
    "PCM_U8": 1 / 128,
    "PCM_16": 1 / 2**15,
    "PCM_24": 1 / 2**23,
    "PCM_32": 1 / 2**23,
    "FLOAT": 0.0,
    "DOUBLE": 1e-7,
    "ALAW": 1 / 32,
    "ULAW": 1 / 32,
}
CONTAINERS = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC")
LINEAR = [
    (container, coding) for container in CONTAINERS for coding in EXACTNESS if soundfile.check_format(container, coding)
]
#: Container, rate, and how closely a chord comes back.
BY_LIBSNDFILE = {"VORBIS": ("OGG", 44100, 0.99), "OPUS": ("OGG", 48000, 0.98), "MPEG_LAYER_III": ("MP3", 44100, 0.99)}
#: File, encoder, the codec's name, and how closely a chord comes back.
BY_FFMPEG = {
    "m4a-aac": ("aac.m4a", ("-c:a", "aac", "-b:a", "192k"), "AAC", 0.99),
    "m4a-alac": ("alac.m4a", ("-c:a", "alac"), "ALAC", 0.999999),
    "adts": ("stream.aac", ("-c:a", "aac", "-b:a", "192k"), "AAC", 0.99),
    "wma": ("two.wma", ("-c:a", "wmav2", "-b:a", "192k"), "WMAV2", 0.98),
    "wavpack": ("pack.wv", ("-c:a", "wavpack"), "WAVPACK", 0.999999),
    "tta": ("true.tta", ("-c:a", "tta"), "TTA", 0.999999),
    "ac3": ("surround.ac3", ("-c:a", "ac3", "-b:a", "448k"), "AC3", 0.99),
    "mka": ("box.mka", ("-c:a", "flac"), "FLAC", 0.999999),
    "mp2": ("layer.mp2", ("-c:a", "mp2", "-b:a", "256k"), "MP3", 0.99),
}


@pytest.mark.parametrize(("container", "coding"), LINEAR)
def test_linear_codings_come_back_to_the_accuracy_of_their_step(container: str, coding: str, tmp_path: Path) -> None:
    path, signal = tmp_path / "track", chord(0.5, 44100, 2)
    soundfile.write(path, signal, 44100, coding, format=container)

    result = decoded(path)

    assert result.error is None
    assert result.info.declared_frames in {None, len(signal)}
    assert np.abs(result.samples - signal).max() <= EXACTNESS[coding]


@pytest.mark.parametrize("container", ["WAV", "FLAC", "AIFF"])
@pytest.mark.parametrize("channels", range(1, 9))
def test_one_to_eight_channels_keep_their_order(container: str, channels: int, tmp_path: Path) -> None:
    path, signal = tmp_path / "track", chord(0.2, 48000, channels)
    soundfile.write(path, signal, 48000, "PCM_24", format=container)

    result = decoded(path)

    assert result.info.channels == channels
    np.testing.assert_allclose(result.samples, signal, atol=2 / 2**23)


@pytest.mark.parametrize(
    "rate_hz", [8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000, 768000]
)
def test_rates_from_8_to_192_khz_and_beyond_are_taken_as_they_are(rate_hz: int, tmp_path: Path) -> None:
    path, signal = tmp_path / "track.wav", chord(0.1, rate_hz, 2)
    soundfile.write(path, signal, rate_hz, "FLOAT")

    result = decoded(path)

    assert result.info.sample_rate_hz == rate_hz
    np.testing.assert_array_equal(result.samples, signal)


@pytest.mark.parametrize("kind", BY_LIBSNDFILE)
@pytest.mark.parametrize("channels", [1, 2])
def test_lossy_formats_of_libsndfile_keep_the_music_and_its_length(kind: str, channels: int, tmp_path: Path) -> None:
    container, rate_hz, kept = BY_LIBSNDFILE[kind]
    path, signal = tmp_path / "track", chord(2, rate_hz, channels)
    soundfile.write(path, signal, rate_hz, kind, format=container)

    result = decoded(path)

    assert result.error is None
    assert (result.info.sample_rate_hz, result.info.channels) == (rate_hz, channels)
    assert result.info.declared_frames == pytest.approx(len(signal), abs=1152)
    assert len(result.samples) == pytest.approx(len(signal), abs=1152)
    assert correlation(result.samples[:, 0], signal[:, 0]) > kept


@pytest.mark.parametrize("kind", BY_FFMPEG)
def test_formats_that_need_ffmpeg_keep_the_music_and_its_length(kind: str, tmp_path: Path) -> None:
    name, arguments, codec, kept = BY_FFMPEG[kind]
    signal = chord(2, 44100, 2)
    path = encoded(signal, 44100, tmp_path / name, *arguments)

    result = decoded(path)

    assert result.error is None
    assert (result.info.sample_rate_hz, result.info.channels, result.info.format) == (44100, 2, codec)
    # Two packets of AAC's 1024, of padding that some containers cannot take off again, and its priming of as many.
    assert len(result.samples) == pytest.approx(len(signal), abs=4 * 1024)
    assert correlation(result.samples[:, 0], signal[:, 0]) > kept


def test_24_bit_alac_loses_nothing_on_its_way_through_ffmpeg(tmp_path: Path) -> None:
    signal = np.round(noise(1.0, 48000)[:, None] * 2**23).astype(np.float32) / 2**23
    path = encoded(signal, 48000, tmp_path / "fine.m4a", "-c:a", "alac", "-sample_fmt", "s32p")

    np.testing.assert_array_equal(decoded(path).samples[: len(signal)], signal)


def test_float_wavpack_keeps_peaks_above_full_scale(tmp_path: Path) -> None:
    signal = sine(441, 0.5, 44100, 3.0)[:, None]
    path = encoded(signal, 44100, tmp_path / "loud.wv", "-c:a", "wavpack", "-sample_fmt", "fltp")

    np.testing.assert_array_equal(decoded(path).samples, signal)


def test_the_sound_of_a_film_is_analyzed(tmp_path: Path) -> None:
    signal = chord(1, 44100, 2)
    film = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=1", "-c:v", "mjpeg", "-c:a", "pcm_s16le")
    path = encoded(signal, 44100, tmp_path / "film.mkv", *film)

    result = decoded(path)

    assert result.error is None
    np.testing.assert_allclose(result.samples, signal, atol=1 / 2**15)


def test_mp3_inside_a_wav_is_found_by_content(tmp_path: Path) -> None:
    signal = chord(1, 44100, 1)
    path = encoded(signal, 44100, tmp_path / "layer3.wav", "-c:a", "libmp3lame", "-b:a", "128k")

    assert correlation(decoded(path).samples[:, 0], signal[:, 0]) > 0.99


@pytest.mark.parametrize("name", ["song.txt", "song.jpg", "song", "song.mp3"])
def test_the_name_of_a_file_does_not_matter(name: str, tmp_path: Path) -> None:
    signal = chord(0.2, 44100, 1)
    soundfile.write(tmp_path / name, signal, 44100, "PCM_16", format="FLAC")

    assert decoded(tmp_path / name).info.format == "FLAC"


def test_an_id3_tag_in_front_of_a_flac_is_skipped(tmp_path: Path) -> None:
    signal = chord(0.5, 44100, 1)
    soundfile.write(tmp_path / "plain.flac", signal, 44100)
    path = tmp_path / "tagged.flac"
    path.write_bytes(b"ID3\x04\0\0\0\0\x10\0" + bytes(2048) + (tmp_path / "plain.flac").read_bytes())

    np.testing.assert_array_equal(decoded(path).samples, decoded(tmp_path / "plain.flac").samples)
