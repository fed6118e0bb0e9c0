"""MusiCNN's spectrogram, against essentia's frame by frame and against arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from playlista.features.tags.musicnn_mel import FRAME_SAMPLES, HOP_SAMPLES, MusicnnMel, mel_triangles
from tests.conformance.essentia_reference import essentia
from tests.signals import noise, sine, song

# essentia sums 257 float32 products one by one, BLAS in blocks; behind log10(1 + 10000 x) that is 5e-5 at most. It also
# computes the triangles' corners in float32, which tells where all the energy lies at the foot of one: 4e-5 relative.
TOLERANCE, RELATIVE = 1e-4, 5e-5


@pytest.mark.parametrize(
    "signal",
    [
        noise(1, 16_000, 1.0),
        noise(1, 16_000, 1e-4),
        sine(1000, 1, 16_000, 1.0),
        sine(7990, 1, 16_000, 0.1),
        3 * song(1, 16_000)[:, 0],
        np.zeros(16_000, np.float32),
    ],
    ids=["noise", "faint noise", "sine", "sine near the top", "song above full scale", "silence"],
)
def test_bands_equal_essentias_tensorflow_input_musicnn(signal: np.ndarray) -> None:
    mel = MusicnnMel(20)
    block = signal[: mel.block_samples]
    reference = essentia("TensorflowInputMusiCNN")
    frames = [block[start : start + FRAME_SAMPLES] for start in range(0, 20 * HOP_SAMPLES, HOP_SAMPLES)]
    np.testing.assert_allclose(mel.bands(block), [reference(frame) for frame in frames], rtol=RELATIVE, atol=TOLERANCE)


def test_silence_is_zero_in_every_band() -> None:
    mel = MusicnnMel(3)
    np.testing.assert_array_equal(mel.bands(np.zeros(mel.block_samples, np.float32)), np.zeros((3, 96)))


def test_a_frame_has_the_same_bands_wherever_it_lies_in_a_block() -> None:
    """To rounding: some BLAS kernels sum the rows at a block's end in another order than those before.

    257 products of positive numbers, summed in any order in float32, differ by 257 * 2^-24 of their sum at most, which
    is 7e-6 behind log10(1 + 10000 x).
    """
    mel = MusicnnMel(30)
    signal = noise(2, 16_000)
    first = mel.bands(signal[: mel.block_samples])
    later = mel.bands(signal[7 * HOP_SAMPLES : 7 * HOP_SAMPLES + mel.block_samples])
    np.testing.assert_allclose(first[7:], later[:-7], rtol=0, atol=7e-6)


def test_triangles_have_unit_area_where_they_are_wide_enough_to_be_sampled() -> None:
    # A triangle of half width w bins, sampled at its bins, is off by 1/(6 w^2) at most; band 60 has w = 3.
    wide = mel_triangles()[:, 60:].sum(axis=0) * 16_000 / FRAME_SAMPLES
    np.testing.assert_allclose(wide, 1.0, atol=0.02)


def test_triangles_rise_to_the_next_ones_feet_and_end_at_8_khz() -> None:
    triangles = mel_triangles()
    assert triangles.shape == (257, 96)
    assert triangles.min() == 0.0
    peaks = triangles.argmax(axis=0)
    assert np.all(np.diff(peaks) >= 0)
    assert triangles[0].max() == triangles[-1].max() == 0.0
