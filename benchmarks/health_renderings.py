"""Genuine music of 30 s: pieces made by arithmetic and played by a synthesizer from recorded instruments.

Input: a number, or a MIDI file. Output: stereo samples at 44.1 kHz. FluidSynth plays FluidR3_GM (both are packages of
Debian: ``fluidsynth``, ``fluid-soundfont-gm``), whose instruments were recorded without loss; so it is certain that
nothing of it was ever lossy. Each piece has other instruments, tempo, notes and levels.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

SOUND_FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
RATE_HZ = 44_100
SECONDS = 30.0
TICKS_PER_BEAT = 480
DRUMS = 9
#: Chords by their steps above the tonic, in semitones.
CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14), (2, 5, 9), (4, 7, 11))
#: General MIDI programs of tune, chords and bass.
TUNES = (0, 11, 22, 25, 29, 40, 56, 60, 65, 68, 71, 73, 80, 104)
PADS = (0, 4, 6, 16, 19, 24, 27, 48, 52, 61, 89, 91)
BASSES = (32, 33, 35, 38, 43, 58)
#: General MIDI drums.
KICK, SNARE, CLOSED_HAT, OPEN_HAT, RIDE, CRASH, SHAKER, TAMBOURINE = 36, 38, 42, 46, 51, 49, 82, 54

#: A note: beat, length in beats, channel, pitch, velocity.
Note = tuple[float, float, int, int, int]


def can_render() -> bool:
    """Whether the synthesizer and its instruments are installed."""
    return shutil.which("fluidsynth") is not None and SOUND_FONT.exists()


def rendered(number: int) -> NDArray[np.float32]:
    """Piece `number` [shape=(n, 2)], some 30 s, rounded to 16 bits by the synthesizer with its dither."""
    with tempfile.TemporaryDirectory() as folder:
        score = Path(folder, "piece.mid")
        score.write_bytes(_midi_file(number))
        return np.ascontiguousarray(played(score)[: round(SECONDS * RATE_HZ)])


def played(score: Path) -> NDArray[np.float32]:
    """A MIDI file as the synthesizer plays it [shape=(n, 2)], rounded to 16 bits with its dither."""
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder, "piece.wav")
        output = ("-F", str(sound), "-r", str(RATE_HZ), "-g", "0.5", "-O", "s16", "-T", "wav")
        command = ["fluidsynth", "-ni", "-q", *output, str(SOUND_FONT), str(score)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        samples, _ = soundfile.read(sound, dtype="float32", always_2d=True)
    return np.asarray(samples, np.float32)


def _midi_file(number: int) -> bytes:
    """A file of one track, as in the Standard MIDI Files 1.0 specification."""
    chance = np.random.default_rng(number)
    beats_per_minute = chance.uniform(70, 160)
    beats = int(SECONDS * beats_per_minute / 60)
    events = [(0.0, b"\xff\x51\x03" + struct.pack(">I", round(60e6 / beats_per_minute))[1:])]
    for channel, programs in enumerate((TUNES, PADS, BASSES)):
        place = (64, int(chance.integers(20, 108)), int(chance.integers(50, 78)))[channel]
        events.append((0.0, bytes((0xC0 | channel, programs[(number * (channel + 1) + channel) % len(programs)]))))
        events.append((0.0, bytes((0xB0 | channel, 10, place))))
    for beat, length, channel, pitch, velocity in _notes(beats, number, chance):
        events.append((beat, bytes((0x90 | channel, pitch, velocity))))
        events.append((beat + length, bytes((0x80 | channel, pitch, 0))))
    track, former = b"", 0
    for beat, event in sorted(events):
        tick = max(round(beat * TICKS_PER_BEAT), former)
        track += _variable_length(tick - former) + event
        former = tick
    track += b"\x00\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_PER_BEAT) + b"MTrk" + struct.pack(">I", len(track)) + track


def _notes(beats: int, number: int, chance: np.random.Generator) -> Iterator[Note]:
    tonic, degree = int(chance.integers(45, 57)), 0
    for bar in range(beats // 4):
        chord = CHORDS[int(chance.integers(len(CHORDS)))]
        for step in chord:
            yield 4 * bar, 3.8, 1, tonic + step, int(chance.integers(45, 80))
        for beat in range(4):
            yield 4 * bar + beat, 0.9, 2, tonic - 12 + chord[0], int(chance.integers(60, 100))
        for eighth in range(8):
            if chance.random() < 0.7:
                degree = int(np.clip(degree + chance.integers(-1, 2), -2, 5))
                pitch = tonic + 12 + chord[degree % 3] + 12 * (degree // 3)
                yield 4 * bar + eighth / 2, 0.45, 0, pitch, int(chance.integers(60, 115))
        if number % 4:  # every fourth piece has no drums
            yield from _drums(bar, chance)


def _drums(bar: int, chance: np.random.Generator) -> Iterator[Note]:
    hat = (CLOSED_HAT, RIDE, SHAKER, TAMBOURINE, OPEN_HAT)[int(chance.integers(5))]
    for eighth in range(8):
        yield 4 * bar + eighth / 2, 0.2, DRUMS, hat, int(chance.integers(40, 100))
    for beat in range(4):
        yield 4 * bar + beat, 0.2, DRUMS, SNARE if beat % 2 else KICK, int(chance.integers(70, 120))
    if bar % 4 == 0:
        yield 4 * bar, 0.2, DRUMS, CRASH, 90


def _variable_length(number: int) -> bytes:
    """Seven bits in each byte, the highest bit set in all but the last."""
    found = [number & 0x7F]
    while number := number >> 7:
        found.append(0x80 | (number & 0x7F))
    return bytes(reversed(found))
