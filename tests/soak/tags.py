"""Tags written into everything that can be had, and into files that are being killed at: no sound may change.

Real recordings (copies), damaged files and odd containers go through `run --once` and `tag --write`. The judge is
ffmpeg, called here and not by the product: what it decodes of each file must be equal, bit by bit, before and after,
and a file that was refused must be the bytes that it was. Where there are two ffmpegs (the system's and the one that
imageio-ffmpeg brings) both judge. Then the command is killed over and over while it writes.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import imageio_ffmpeg

from playlista.outputs.file_tags.journal import FOLDER_NAME
from playlista.watch.debris import AUDIO_EXTENSIONS
from tests.integration.daemon import Daemon
from tests.outputs.tag_files import ODD, TAGGABLE, odd, taggable, with_apev2
from tests.soak.findings import Finding, at_least, exactly, told
from tests.soak.music import FORMS, make_excerpts
from tests.soak.mutations import mutant
from tests.soak.place import Place

MUTANTS = 520
KILLS = 100
SECONDS = 2.0
BATCH = 50
COMMAND_SECONDS = 1800.0
#: A write of these files takes about this long; kills fall anywhere in it.
LONGEST_WRITE_SECONDS = 1.0
_NOTATIONS = ("musical", "camelot", "openkey")
SETTINGS = {"MUSICNN_RUNTIME": "off", "WATCH_SETTLE_SECONDS": "0", "FOLLOW_SYMLINKS": "true"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as the judge sees it: its bytes, and what each ffmpeg decodes of it."""

    content: str
    sound: tuple[str, ...]


@dataclass(slots=True)
class Outcome:
    """What the command said of files, and what had become of them; an unchanged one has all values, or none known."""

    wrote: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    harmed: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)


def run(place: Place) -> list[Finding]:
    """Write tags into all kinds of file, then kill the command while it writes."""
    everything = Daemon(_folder(place, "everything"), dict(os.environ), **SETTINGS)
    kinds = _make(place, everything.music)
    outcome = _written(place, everything)
    return [*_findings(place, everything, kinds, outcome), *kill_writes(place)]


def _folder(place: Place, name: str) -> Path:
    folder = place.folder / name
    folder.mkdir()
    return folder


def _make(place: Place, music: Path) -> Counter[str]:
    """Fill the folder; how many files there are of each kind."""
    kinds: Counter[str] = Counter()
    for path in _recordings(place):
        shutil.copyfile(path, music / f"real-{kinds['real']:04}-{path.name}")
        kinds["real"] += 1
    for suffix in TAGGABLE:
        taggable(music, suffix)
        kinds["every format"] += 1
    for name in ODD:
        odd(music, name)
        kinds["odd containers"] += 1
    for number, path in enumerate(sorted(music.glob("song.*"))):
        both = music / f"both-ends-{number}{path.suffix}"
        shutil.copyfile(path, both)
        if path.suffix in {".mp3", ".tta", ".wv"}:
            with_apev2(both, REPLAYGAIN_TRACK_GAIN="+1.00 dB", Title="A title")
        both.write_bytes(both.read_bytes() + b"TAG" + b"v1 title".ljust(125, b"\0"))
        kinds["tagged at both ends"] += 1
    excerpts = make_excerpts(place.music, place.folder / "originals", tuple(FORMS), len(FORMS), SECONDS)
    originals = list(zip(FORMS, (path.read_bytes() for path in excerpts), strict=True))
    for number in range(place.scaled(MUTANTS)):
        made = mutant(number, originals, place.seed)
        (music / made.named(number)).write_bytes(made.content)
        kinds["mutants"] += 1
    place.say(f"{sum(kinds.values())} files made")
    return kinds


def _recordings(place: Place) -> Iterator[Path]:
    if place.music is not None:
        found = sorted(path for path in place.music.rglob("*") if path.suffix.lower() in AUDIO_EXTENSIONS)
        yield from found[: place.scaled(len(found))]


def _written(place: Place, daemon: Daemon) -> Outcome:
    """Analyze the folder, tag every file in it, and judge."""
    judge = _Judge()
    before = judge.look_at_all(daemon.music)
    place.say("looked at by the judge; analyzing")
    _command(daemon, "run", "--once")
    outcome = Outcome()
    for begin in range(0, len(before), BATCH):
        _tag(daemon, list(before)[begin : begin + BATCH], outcome)
    place.say(f"{len(outcome.wrote)} written, {len(outcome.refused)} refused; judging")
    for name, former in before.items():
        now = judge.look(daemon.music / name)
        if now.sound != former.sound:
            outcome.harmed.append(name)
        if name not in outcome.wrote and now.content != former.content:
            outcome.touched.append(name)
    return outcome


def _tag(daemon: Daemon, names: Sequence[str], outcome: Outcome) -> None:
    """Run the command over some files; each must get one line."""
    ended = _command(daemon, "tag", "--write", *(os.fspath(daemon.music / name) for name in names))
    lines = ended.stdout.splitlines() + ended.stderr.splitlines()
    for name in names:
        beginnings = (
            f"wrote  {name}  ",
            f"unchanged  {name}",
            f"playlista: {name}: ",
            f"playlista: {daemon.music}/{name}: ",
        )
        told_of = [line for line in lines if line.startswith(beginnings)]
        if len(told_of) != 1:
            outcome.silent.append(name)
        elif told_of[0].startswith("wrote"):
            outcome.wrote.append(name)
        elif told_of[0].startswith("unchanged"):
            outcome.unchanged.append(name)
        else:
            outcome.refused[name] = told_of[0].rpartition(f"{name}: ")[2]


def _command(daemon: Daemon, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "playlista", *arguments]
    return subprocess.run(
        command,
        env=daemon.environment,
        cwd=daemon.music.parent,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=COMMAND_SECONDS,
        check=False,
    )


class _Judge:
    """Looks at files; equal bytes under equal endings are decoded once."""

    def __init__(self) -> None:
        self._sounds: dict[tuple[str, str], tuple[str, ...]] = {}

    def look(self, path: Path) -> Seen:
        """The file at `path` as it is now."""
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        known = content, path.suffix
        if known not in self._sounds:
            self._sounds[known] = decoded_by_all(path)
        return Seen(content, self._sounds[known])

    def look_at_all(self, folder: Path) -> dict[str, Seen]:
        """The files in `folder` by name."""
        return {path.name: self.look(path) for path in sorted(folder.iterdir())}


def decoded_by_all(path: Path) -> tuple[str, ...]:
    """What each ffmpeg decodes of the file at `path`."""
    return tuple(_decoded(ffmpeg, path) for ffmpeg in _judges())


@cache
def _judges() -> tuple[str, ...]:
    system = shutil.which("ffmpeg")
    return tuple(filter(None, (system, str(imageio_ffmpeg.get_ffmpeg_exe()))))


def _decoded(ffmpeg: str, path: Path) -> str:
    """A hash of what one ffmpeg decodes of all sound in the file, as 32-bit integers."""
    how = ("-map", "0:a", "-c:a", "pcm_s32le", "-f", "streamhash", "-hash", "md5", "-")
    command = [ffmpeg, "-nostdin", "-loglevel", "quiet", "-i", f"file:{path}", *how]
    return subprocess.run(command, stdout=subprocess.PIPE, timeout=COMMAND_SECONDS, check=False).stdout.decode()


def _findings(place: Place, daemon: Daemon, kinds: Counter[str], outcome: Outcome) -> list[Finding]:
    reasons = Counter(reason.partition(":")[0] for reason in outcome.refused.values() if "analyzed" in reason)
    reasons += Counter(_kind_of(reason) for reason in outcome.refused.values() if "analyzed" not in reason)
    for name in (*outcome.harmed, *outcome.touched, *outcome.silent):
        place.say(f"look at {name}: {outcome.refused.get(name, 'written')}")
    return [
        told("files", ", ".join(f"{count} {kind}" for kind, count in kinds.items())),
        told("ffmpegs that judge", len(_judges())),
        at_least("of these written", len(outcome.wrote), sum(kinds.values()) // 4),
        told("of these unchanged, since no value of theirs is known", len(outcome.unchanged)),
        told("of these refused, each in one line", len(outcome.refused)),
        exactly("files without a line, or with several", len(outcome.silent), 0),
        exactly("files that decode to another sound afterwards", len(outcome.harmed), 0),
        exactly("refused files with any byte changed", len(outcome.touched), 0),
        exactly("files left behind among the music", len(_leftovers(daemon)), 0),
        *(told(f"refused: {reason}", count) for reason, count in reasons.most_common()),
    ]


def _kind_of(reason: str) -> str:
    """A reason without what differs from file to file."""
    text = reason.removeprefix("not tagged: ")
    return "what the tag library says of the file" if any(char.isdigit() for char in text) else text


def _leftovers(daemon: Daemon) -> list[str]:
    entries = os.listdir(daemon.data / FOLDER_NAME) if (daemon.data / FOLDER_NAME).exists() else []
    return [path.name for path in daemon.music.iterdir() if path.name.startswith(".")] + entries


def kill_writes(place: Place) -> list[Finding]:
    """Kill `tag --write` while it writes, again and again; the next start must find every file whole."""
    daemon = Daemon(_folder(place, "killed"), dict(os.environ), **SETTINGS)
    for suffix in TAGGABLE:
        taggable(daemon.music, suffix)
    judge = _Judge()
    before = judge.look_at_all(daemon.music)
    _command(daemon, "run", "--once")
    chance = random.Random(place.seed)
    kills, left, harmed, uncleared = place.scaled(KILLS, 3), 0, set(), 0
    for number in range(kills):
        _kill_one(daemon, list(before), chance)
        left += bool(_leftovers(daemon))
        harmed |= {name for name, former in before.items() if judge.look(daemon.music / name).sound != former.sound}
        _command(daemon, *(("run", "--once") if number % 2 else ("tag", "--write", os.fspath(daemon.music / "no.mp3"))))
        uncleared += bool(_leftovers(daemon))
        if number % 10 == 9:
            place.say(f"{number + 1} kills, {left} left something behind")
    outcome = Outcome()
    for _ in _NOTATIONS:  # a killed command may have written one of them already
        _want_other_keys(daemon)
        _tag(daemon, list(before), outcome)
    harmed |= {name for name, former in before.items() if judge.look(daemon.music / name).sound != former.sound}
    return [
        exactly("kills (SIGKILL) while a file was being written", kills, place.scaled(KILLS, 3)),
        at_least("of these that left a copy or an entry behind", left, kills // 2),
        exactly("files harmed by them", len(harmed), 0),
        exactly("kills after whose next start something was left", uncleared, 0),
        exactly("files that could be tagged afterwards", len(set(outcome.wrote)), len(before)),
    ]


def _want_other_keys(daemon: Daemon) -> None:
    """Another notation than before, so that every file has to be written again."""
    former = _NOTATIONS.index(daemon.environment.get("TAG_KEY_NOTATION", _NOTATIONS[0]))
    daemon.environment["TAG_KEY_NOTATION"] = _NOTATIONS[(former + 1) % len(_NOTATIONS)]


def _kill_one(daemon: Daemon, names: list[str], chance: random.Random) -> None:
    """Start a write and kill it some time after its first file was begun."""
    _want_other_keys(daemon)
    chance.shuffle(names)
    command = [sys.executable, "-m", "playlista", "tag", "--write", *(os.fspath(daemon.music / name) for name in names)]
    with subprocess.Popen(
        command,
        env=daemon.environment,
        cwd=daemon.music.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as writing:
        while writing.poll() is None and not _leftovers(daemon):
            time.sleep(0.005)
        time.sleep(chance.uniform(0, LONGEST_WRITE_SECONDS) * chance.choice((0.1, 1, 4)))
        writing.kill()
