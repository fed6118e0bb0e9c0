"""``python -m benchmarks.tempo_material --tunes DIR``: renders music of known tempo, to fit the tempo's confidence on.

Input: the styles of MMA ("Musical MIDI Accompaniment", Debian's package ``mma``), and folders of tunes in ABC, such as
the corpus of the package ``music21`` (ryansMammoth, oneills1850, airdsAirs). On PATH: ``mma``, ``abc2midi`` (Debian's
``abcmidi``), ``fluidsynth``; and a sound font. Output: minutes of accompaniments, of drums alone and of dance tunes as
FLAC, and a TRUTH.tsv as that of the recordings with known tempo.

The tempi are drawn from what is usual for a style or a dance; what is drawn depends on names alone. None of it is real
music: it shows whether something that was found on recordings holds for other music, too.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.tempo_material_styles import DANCES, NO_STYLE, PROGRAMS, PROGRESSIONS, Dance, tempi_of

RATE_HZ = 22_050
SECONDS = 60.0
#: Whatever a program does with one piece, it is done by then.
_TIMEOUT_SECONDS = 60.0
_TUNES_EACH = 12
_PARTS = ("BASS", "CHORD", "ARPEGGIO", "SCALE", "WALK", "MELODY", "SOLO", "ARIA", "PLECTRUM")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece as MIDI and the tempo that it was written at."""

    set: str
    bpm: float
    midi: Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=Path("build/bench/tempo-material"))
    parser.add_argument("--styles", type=Path, default=Path("/usr/share/mma/lib"), help="MMA's library")
    parser.add_argument("--tunes", type=Path, action="append", default=[], help="a folder of tunes in ABC")
    parser.add_argument("--font", type=Path, default=Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"))
    asked = parser.parse_args()
    asked.into.mkdir(parents=True, exist_ok=True)
    pieces = [*_accompaniments(asked.styles, asked.into), *_tunes(asked.tunes, asked.into)]
    with (asked.into / "TRUTH.tsv").open("w", encoding="utf-8", newline="") as lines:
        truth = csv.writer(lines, delimiter="\t", lineterminator="\n")
        truth.writerow(("file", "set", "bpm"))
        for piece in pieces:
            sound = piece.midi.with_suffix(".flac")
            if sound.exists() or _render(piece.midi, sound, asked.font):
                truth.writerow((sound.name, piece.set, f"{piece.bpm:.3f}"))
    print(f"benchmarks: {len(pieces)} pieces in {asked.into}")


def _accompaniments(library: Path, into: Path) -> Iterator[Piece]:
    """Of two styles in four a minute: of all instruments of the one, of the drums of the other."""
    styles = [path for path in sorted(library.glob("*/*.mma")) if not re.search(NO_STYLE, path.stem)]
    for number, style in enumerate(styles):
        kind = ("accompaniments", "drums", None, None)[number % 4]
        if kind and (piece := _accompaniment(kind, style, into)):
            yield piece


def _accompaniment(kind: str, style: Path, into: Path) -> Piece | None:
    text = style.read_text("latin-1")
    grooves = [
        name for name in re.findall(r"(?im)^\s*defgroove\s+(\S+)", text) if not re.search("(?i)intro|end|fill", name)
    ]
    if not grooves:
        return None
    name = f"{style.parent.name}_{style.stem}"
    chance = random.Random(f"mma{name}")
    groove, bpm = chance.choice(grooves[:4]), round(chance.uniform(*tempi_of(name)), 1)
    beats, felt = _beats_of(text)
    bars = range(1, int(SECONDS * bpm * felt / 60 / beats) + 4)
    chords = chance.choice(PROGRESSIONS).split()
    lines = [f"Transpose {chance.randrange(-5, 7)}", f"Tempo {bpm * felt:.2f}", f"Use {style}", f"Groove {groove}"]
    if kind == "drums":
        lines.append(f"AllTracks {' '.join(_PARTS)} Off")
    lines += [f"{bar} {chords[bar % len(chords)]}" for bar in bars]
    song, midi = into / f"{kind}_{name}.mma", into / f"{kind}_{name}.mid"
    song.write_text("\n".join(lines) + "\n")
    made = midi.exists() or _ran("mma", "-f", str(midi), str(song))
    return Piece(kind, bpm, midi) if made and midi.exists() else None


def _beats_of(style: str) -> tuple[int, int]:
    """How many beats MMA counts in a bar of this style, and how many of these make one that is felt."""
    signature = re.search(r"(?im)^\s*timesig\s+(\d+)\s+(\d+)", style)
    counted = re.search(r"(?im)^\s*time\s+(\d+)(?:/(\d+))?", style)
    beats = int(counted[1]) if counted else 4
    above, below = (int(signature[1]), int(signature[2])) if signature else (beats, int((counted and counted[2]) or 4))
    return beats, 3 if below == 8 and above % 3 == 0 and beats == above else 1


def _tunes(folders: list[Path], into: Path) -> Iterator[Piece]:
    """Some dance tunes of each metre, by one instrument, some with chords, some with a drum, too."""
    texts = [path.read_text("latin-1") for folder in folders for path in sorted(folder.glob("*.abc"))]
    tunes = [tune for text in texts for tune in re.split(r"(?m)^(?=X:)", text) if tune.startswith("X:")]
    chance = random.Random("tunes")
    for metre, dance in DANCES.items():
        written = [tune for tune in tunes if re.search(rf"(?m)^M:\s*{re.escape(dance.written)}\s*$", tune)]
        for number, tune in enumerate(chance.sample(written, min(_TUNES_EACH, len(written)))):
            yield from _tune(f"tunes_{metre}_{number}", tune, dance, into)


def _tune(name: str, tune: str, dance: Dance, into: Path) -> Iterator[Piece]:
    chance = random.Random(name)
    bpm = chance.randrange(*dance.bpm)
    played = [line for line in tune.splitlines() if not re.match("[A-Za-z]:|%", line)]
    heading = [line for line in tune.splitlines() if re.match("[MLK]:", line)]
    music = re.sub('"[^"]*"|![^!]*!', "", " ".join(played))
    key = next((line for line in heading if line.startswith("K:")), "K:C")
    tonic = re.match(r"K:\s*([A-G][#b]?)(m(?!ix)|min|dor)?", key, re.IGNORECASE)
    if tonic and chance.random() < 0.7:
        music = f'"{tonic[1]}{"m" if tonic[2] else ""}"' + music
    drum = [f"%%MIDI drum {dance.drum}", "%%MIDI drumon"] if chance.random() < 0.3 else []
    first = [line for line in dict.fromkeys(heading) if line[0] != "K"]
    programs = [f"%%MIDI program {chance.choice(PROGRAMS)}", "%%MIDI chordprog 24", f"%%MIDI gchord {dance.chords}"]
    lines = ["X:1", "T:tune", *first, f"Q:{dance.beat}={bpm}", key, *programs, *drum, music, music]
    song, midi = into / f"{name}.abc", into / f"{name}.mid"
    song.write_text("\n".join(lines) + "\n")
    if (midi.exists() or _ran("abc2midi", str(song), "-o", str(midi))) and midi.exists():
        yield Piece("tunes", bpm, midi)


def _render(midi: Path, sound: Path, font: Path) -> bool:
    """A minute of it, from its first sound on; False where there is less than a third of one."""
    whole = sound.with_suffix(".wav")
    rate = ("-R", "0", "-C", "0", "-r", str(RATE_HZ), "-g", "0.4")  # without reverb and chorus, which take most time
    if not _ran("fluidsynth", "-ni", "-q", *rate, "-F", str(whole), str(font), str(midi)):
        return False
    samples = soundfile.read(whole, dtype="float32", always_2d=True)[0].mean(axis=1)
    whole.unlink()
    sounding = np.flatnonzero(np.abs(samples) > 1e-4)
    samples = samples[sounding[0] :][: round(SECONDS * RATE_HZ)] if len(sounding) else samples[:0]
    if len(samples) < SECONDS / 3 * RATE_HZ:
        return False
    soundfile.write(sound, samples, RATE_HZ)
    return True


def _ran(*command: str) -> bool:
    """Whether it ended well and in time; what a program cannot render is left out."""
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


if __name__ == "__main__":
    main()
