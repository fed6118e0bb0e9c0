"""Music to measure duplicates with: pieces that are played again and again in other ways, and copies of each playing.

Input: a number, which makes a piece; a file of sound, which is copied. Output: samples, and files written by ffmpeg.
Another playing has the same notes on other instruments, in another tempo, with other timing, without the tune, or mixed
and mastered anew: the same piece or even the same recording, but no duplicate.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 44100
#: Chords of a piece: degrees of the scale that pieces are often made of.
_PROGRESSIONS = ((0, 5, 3, 4), (0, 3, 4, 0), (0, 4, 5, 3), (5, 3, 0, 4), (0, 2, 3, 4), (0, 6, 3, 0))
_MAJOR = (0, 2, 4, 5, 7, 9, 11)
BARS = 20


@dataclass(frozen=True, slots=True)
class Playing:
    """How a piece is played.

    tempo : of 1. timing_seconds : how far notes stray. tune : whether it is there. freedom : share of the tune's notes
    that are others, and how much louder or softer a note may be.
    """

    instruments: int = 0
    tempo: float = 1.0
    timing_seconds: float = 0.004
    tune: bool = True
    freedom: float = 0.0
    seed: int = 0


#: Other playings of a piece, by what is other.
OTHER_PLAYINGS = {
    "other instruments": Playing(instruments=1, seed=1),
    "played live": Playing(instruments=0, tempo=1.02, timing_seconds=0.03, freedom=0.3, seed=2),
    "other instruments, live": Playing(instruments=2, tempo=0.97, timing_seconds=0.03, seed=3),
    "without the tune": Playing(tune=False),
    "another take": Playing(instruments=0, timing_seconds=0.02, freedom=0.4, seed=4),
}

_CUT = "atrim=start"
_EQUALIZED = "bass=g=2:f=120,equalizer=f=2500:t=q:w=1:g=2"
_COMPRESSED = "acompressor=threshold=0.1:ratio=3:attack=5:release=100,alimiter=limit=0.9"
#: Copies of a file: options of ffmpeg and the suffix.
COPIES: dict[str, tuple[Sequence[str], str]] = {
    "FLAC": (("-c:a", "flac"), "flac"),
    "MP3 64": (("-c:a", "libmp3lame", "-b:a", "64k"), "mp3"),
    "MP3 320": (("-c:a", "libmp3lame", "-b:a", "320k"), "mp3"),
    "AAC 96": (("-c:a", "aac", "-b:a", "96k"), "m4a"),
    "Vorbis q0": (("-c:a", "libvorbis", "-q:a", "0"), "ogg"),
    "Opus 48": (("-c:a", "libopus", "-b:a", "48k"), "opus"),
    "12 dB less, MP3 128": (("-af", "volume=-12dB", "-c:a", "libmp3lame", "-b:a", "128k"), "mp3"),
    "mono at 22.05 kHz": (("-ac", "1", "-ar", "22050", "-c:a", "pcm_s16le"), "wav"),
    "48 kHz, AAC 160": (("-ar", "48000", "-c:a", "aac", "-b:a", "160k"), "m4a"),
    "cut by 3.37 s, MP3 128": (("-ss", "3.37", "-c:a", "libmp3lame", "-b:a", "128k"), "mp3"),
    "cut by 0.06 s, Opus 96": (("-ss", "0.062", "-c:a", "libopus", "-b:a", "96k"), "opus"),
    "cut at both ends, Vorbis q3": (("-af", f"{_CUT}=6.4,areverse,{_CUT}=5.1,areverse", "-c:a", "libvorbis"), "ogg"),
}  # fmt: skip
#: The same recording mixed, mastered or played in another way: no copies.
OTHER_MASTERS: dict[str, tuple[Sequence[str], str]] = {
    "equalizer": (("-af", "bass=g=3:f=100,treble=g=3:f=4000"), "flac"),
    "remaster": (("-af", f"{_EQUALIZED},{_COMPRESSED}"), "flac"),
    "4 % faster": (("-af", "atempo=1.04"), "flac"),
    "half a tone higher": (("-af", "asetrate=46722,aresample=44100"), "flac"),
}  # fmt: skip


def piece(number: int, playing: Playing) -> NDArray[np.float32]:
    """A piece of some 45 s [shape=(n, 2), 44.1 kHz]: bass, chords, drums and a tune."""
    score = np.random.default_rng(number)
    stray = np.random.default_rng((number, playing.seed))
    tonic, beat = int(score.integers(48, 60)), 60 / score.uniform(84, 140) / playing.tempo
    chords = _PROGRESSIONS[number % len(_PROGRESSIONS)]
    sound = np.zeros((int((BARS * 4 + 4) * beat * RATE_HZ), 2), np.float32)
    steps = score.integers(-2, 3, size=BARS * 8).cumsum()
    for bar in range(BARS):
        degree = chords[bar % len(chords)]
        for beat_number in range(4):
            at = (bar * 4 + beat_number) * beat
            drum = _freely(_drum(beat_number, score.integers(4)), playing, stray)
            bass = _freely(_note(_pitch(tonic, degree) - 12, beat, playing.instruments), playing, stray)
            _add(sound, drum, at + stray.normal(0, playing.timing_seconds), 0.0)
            _add(sound, bass, at, -0.1)
        for third in (0, 2, 4):
            note = _note(_pitch(tonic, degree + third), 4 * beat, playing.instruments)
            _add(
                sound,
                0.5 * _freely(note, playing, stray),
                bar * 4 * beat + stray.normal(0, playing.timing_seconds),
                0.3,
            )
        for eighth in range(8):
            sounds = score.random() < 0.8
            at = (bar * 4 + eighth / 2) * beat + stray.normal(0, playing.timing_seconds)
            if sounds and playing.tune:
                other = int(stray.integers(1, 4)) if stray.random() < playing.freedom else 0
                pitch = _pitch(tonic + 12, degree + (int(steps[bar * 8 + eighth]) + other) % 9)
                _add(sound, _freely(_note(pitch, beat / 2, playing.instruments + 3), playing, stray), at, 0.1)
    return np.asarray(0.5 * sound / np.abs(sound).max(), np.float32)


def _freely(note: NDArray[np.float32], playing: Playing, stray: np.random.Generator) -> NDArray[np.float32]:
    """A note as loud as the player likes."""
    return np.asarray(note * np.float32(np.exp(playing.freedom * stray.standard_normal())))


def _pitch(tonic: int, degree: int) -> int:
    return tonic + 12 * (degree // 7) + _MAJOR[degree % 7]


@lru_cache(maxsize=128)  # a piece has some 50 notes, and plays most of them many times
def _note(pitch: int, seconds: float, instrument: int) -> NDArray[np.float32]:
    """A tone whose harmonics and envelope are those of one of several instruments."""
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    kind = instrument % 6
    harmonics = np.arange(1, 9)
    weights = (1 / harmonics, 1 / harmonics**2, (harmonics % 2) / harmonics, 0.7**harmonics, 1 / harmonics**1.5,
               np.exp(-((harmonics - 3) ** 2) / 4))[kind]  # fmt: skip
    decay = (3.0, 1.0, 0.2, 5.0, 2.0, 0.5)[kind]
    vibrato = (0.0, 0.0, 0.003, 0.0, 0.001, 0.004)[kind] * np.sin(2 * np.pi * 5.5 * time)
    phase = 2 * np.pi * frequency * (time + vibrato / 30)
    tone = sum(weight * np.sin(number * phase) for number, weight in zip(harmonics, weights, strict=True))
    return np.asarray(tone * np.exp(-decay * time) * np.minimum(1, np.minimum(time, time[::-1]) / 0.005), np.float32)


def _drum(beat: int, chance: int) -> NDArray[np.float32]:
    time = np.arange(int(0.2 * RATE_HZ)) / RATE_HZ
    if beat % 2 == 0:
        return np.asarray(
            np.sin(2 * np.pi * (50 * time + 2 * (1 - np.exp(-30 * time)))) * np.exp(-15 * time), np.float32
        )
    hiss = np.random.default_rng(int(chance)).standard_normal(len(time))
    return np.asarray(0.3 * hiss * np.exp(-25 * time), np.float32)


def _add(sound: NDArray[np.float32], note: NDArray[np.float32], at: float, side: float) -> None:
    start = max(0, int(at * RATE_HZ))
    end = min(len(sound), start + len(note))
    for channel, gain in enumerate((1 - side, 1 + side)):
        sound[start:end, channel] += np.float32(0.2 * gain) * note[: end - start]


def other_playing(number: int, name: str) -> NDArray[np.float32]:
    """One of `OTHER_PLAYINGS` of a piece, with a seed of its own."""
    how = OTHER_PLAYINGS[name]
    return piece(number, replace(how, seed=how.seed + number))


def convert(source: Path, target: Path, options: Sequence[str]) -> None:
    """Write a copy of `source`."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    command = [program, "-v", "error", "-y", "-i", str(source), *options, str(target)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
