"""Every spectral descriptor, and MusiCNN's mel bands, compared with librosa and essentia on the same frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import librosa
import numpy as np
from numpy.typing import NDArray

from playlista.features.frames import amplitude_window
from playlista.features.spectral import descriptors
from playlista.features.spectral.mfcc import MelCepstrum
from playlista.features.tags.musicnn_mel import FRAME_SAMPLES, HOP_SAMPLES, MusicnnMel
from tests.conformance.essentia_reference import essentia
from tests.conformance.rows import Row
from tests.features.tones import cadence, coloured_noise, drums
from tests.signals import noise, song

RATE_HZ, LENGTH, BINS = 22050, 2048, 1025
BIN_HZ = np.fft.rfftfreq(LENGTH, 1 / RATE_HZ).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One value of every frame, ours and theirs; they agree within ``absolute + relative * |theirs|``."""

    name: str
    source: str
    ours: NDArray[np.floating]
    theirs: NDArray[np.floating]
    relative: float = 0.0
    absolute: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether all of them do."""
        allowed = self.absolute + self.relative * np.abs(self.theirs)
        return bool(np.all(np.abs(self.ours - self.theirs) <= allowed))

    def row(self) -> Row:
        """A line of the table: the greatest distance, relative where the tolerance is that and nothing else."""
        apart = np.abs(self.ours - self.theirs)
        if not self.absolute:
            apart = apart / np.abs(self.theirs)
        bounds = [f"{self.relative:g} relative" * bool(self.relative), f"{self.absolute:.3g}" * bool(self.absolute)]
        measured = f"{apart.max():.1g}{'' if self.absolute else ' relative'} apart at most"
        return Row(self.name, measured, "the same", self.source, "<= " + " + ".join(filter(None, bounds)), self.agrees)


def frames() -> NDArray[np.float32]:
    """150 frames of a tune, of drums and of noise [shape=(150, 2048)]."""
    sounds = (cadence(2, "major"), drums(8), coloured_noise(8, 1))
    return np.concatenate([sound[: 50 * LENGTH].reshape(50, LENGTH) for sound in sounds])


def magnitudes(of: NDArray[np.float32]) -> NDArray[np.float32]:
    """Magnitude spectra, 0 Hz to Nyquist [shape=(frames, 1025)]."""
    spectra: NDArray[np.float32] = np.abs(np.fft.rfft(of * amplitude_window(LENGTH), axis=1)).astype(np.float32)
    return spectra


def shape_comparisons(magnitude: NDArray[np.float32]) -> Iterator[Comparison]:
    """Centroid, roll-off and flatness."""
    centroid, theirs = descriptors.centroid_hz(magnitude, BIN_HZ), essentia("Centroid", range=RATE_HZ / 2)
    expected = librosa.feature.spectral_centroid(S=magnitude.T, sr=RATE_HZ)[0]
    yield Comparison("centroid_hz", "librosa spectral_centroid", centroid, expected, relative=1e-4)
    expected = np.array([theirs(spectrum) for spectrum in magnitude])
    yield Comparison("centroid_hz", "essentia Centroid", centroid, expected, relative=1e-4)
    theirs = essentia("RollOff", cutoff=0.85, sampleRate=RATE_HZ)
    rolloff, expected = descriptors.rolloff_hz(np.square(magnitude), BIN_HZ), [theirs(each) for each in magnitude]
    # A bin more or less where a float32 sum falls on the target.
    yield Comparison("rolloff_hz", "essentia RollOff", rolloff, np.array(expected), absolute=1.01 * RATE_HZ / LENGTH)
    # librosa's floor is absolute, ours 80 dB below the loudest bin: the same for spectra that are scaled to 1.
    scaled = magnitude / magnitude.max(axis=1, keepdims=True)
    expected = librosa.feature.spectral_flatness(S=scaled.T, amin=1e-8, power=2.0)[0]
    flatness = descriptors.flatness(descriptors.with_floor(np.square(magnitude)))
    yield Comparison("flatness", "librosa spectral_flatness", flatness, expected, relative=1e-4)


def band_comparisons(magnitude: NDArray[np.float32]) -> Iterator[Comparison]:
    """Flux, contrast and MFCCs."""
    unit = (magnitude / np.linalg.norm(magnitude, axis=1, keepdims=True)).astype(np.float32)
    theirs = essentia("Flux", norm="L2", halfRectify=False)
    expected = np.array([theirs(spectrum) for spectrum in unit])[1:]
    flux = descriptors.flux(unit[1:], unit[:-1])
    yield Comparison("flux", "essentia Flux, L2", flux, expected, relative=1e-4, absolute=1e-5)
    floored = descriptors.with_floor(np.square(magnitude / magnitude.max(axis=1, keepdims=True)))
    expected = librosa.feature.spectral_contrast(S=floored.T, sr=RATE_HZ, fmin=200.0, n_bands=6, quantile=0.02).T
    contrast = descriptors.contrast_db(floored, descriptors.contrast_bands(BIN_HZ))
    # Bands and quantiles are the same to the bin. librosa cuts 80 dB under the loudest peak of all frames.
    yield Comparison("contrast, dB", "librosa spectral_contrast", contrast, expected, absolute=0.01)
    theirs = essentia("MFCC", inputSize=BINS, sampleRate=RATE_HZ, highFrequencyBound=float(BIN_HZ[-1]))
    expected = np.array([theirs(spectrum)[1] for spectrum in magnitude])
    mfcc = MelCepstrum(BIN_HZ).coefficients(np.square(magnitude))
    yield Comparison("mfcc", "essentia MFCC", mfcc, expected, relative=1e-5, absolute=0.001)


def crossing_comparisons(of: NDArray[np.float32]) -> Iterator[Comparison]:
    """Zero crossings: one more or less where a sample is 0 itself, or at the edge of a frame."""
    ours = descriptors.zero_crossing_rate(of, RATE_HZ)
    expected = librosa.feature.zero_crossing_rate(
        of.ravel(), frame_length=LENGTH, hop_length=LENGTH, center=False, pad=False, threshold=0
    )[0]
    yield Comparison("zero_crossing_rate", "librosa zero_crossing_rate", ours, expected, absolute=1.5 / LENGTH)
    theirs = essentia("ZeroCrossingRate", threshold=0.0)
    expected = np.array([theirs(frame) for frame in of])
    yield Comparison("zero_crossing_rate", "essentia ZeroCrossingRate", ours, expected, absolute=1.5 / LENGTH)


def mel_comparisons() -> Iterator[Comparison]:
    """MusiCNN's mel bands of some sounds at 16 kHz, frame by frame.

    essentia sums 257 float32 products one by one, BLAS in blocks; behind log10(1 + 10000 x) that is 5e-5 at most.
    """
    mel, theirs = MusicnnMel(20), essentia("TensorflowInputMusiCNN")
    for name, sound in (("song", song(1, 16_000)[:, 0]), ("noise", noise(1, 16_000, 1.0))):
        block = np.ascontiguousarray(sound[: mel.block_samples])
        starts = range(0, 20 * HOP_SAMPLES, HOP_SAMPLES)
        expected = np.array([theirs(block[start : start + FRAME_SAMPLES]) for start in starts])
        source = "essentia TensorflowInputMusiCNN"
        yield Comparison(f"mel bands of {name}", source, mel.bands(block), expected, relative=5e-5, absolute=1e-4)


def comparisons() -> Iterator[Comparison]:
    """All of them."""
    made = frames()
    yield from shape_comparisons(magnitudes(made))
    yield from band_comparisons(magnitudes(made))
    yield from crossing_comparisons(made)
    yield from mel_comparisons()


def rows() -> Iterator[Row]:
    """A line for every comparison."""
    for comparison in comparisons():
        yield comparison.row()
