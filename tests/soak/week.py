"""A week of a library: other programs change files as they do, and only music that is new may cost an analysis.

Input: a library in seven formats. Output: for each thing that was done to it what was analyzed anew and what was kept,
compared with what had to be; and every stored value compared with that of a fresh analysis of the same bytes. Between
two steps the daemon runs until nothing is due (`run --once`), so that each step happens while it is stopped, too.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.analysis.group_settings import group_settings
from playlista.config import Settings
from playlista.decode.content import hash_file
from tests import signals
from tests.integration.daemon import Daemon
from tests.soak import programs
from tests.soak.findings import Finding, exactly, told
from tests.soak.music import FORMS, Excerpt, encode, make_excerpts
from tests.soak.place import Place

FILES = 500
CHANGED_FILES = 10
EXCERPT_SECONDS = 8.0
FORMATS = ("flac", "wav", "mp3", "ogg", "opus", "m4a", "aiff")
GROUPS = ("rhythm", "tonal", "loudness", "spectral", "fingerprint")
LOWER_RATE_HZ = 16000


@dataclass
class Week:
    """A library and what is known of it.

    truth : the values of bytes that were analyzed afresh.
    former : the same with the settings of before.
    """

    place: Place
    daemon: Daemon
    truth: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    former: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    settings: Settings = field(default_factory=lambda: Settings(musicnn_runtime="off"))

    @property
    def music(self) -> Path:
        return self.daemon.music

    def tracks(self, *suffixes: str) -> list[Path]:
        """The library's files, or those of some formats."""
        found = sorted(path for path in self.music.rglob("*") if path.is_file())
        return [path for path in found if not suffixes or path.suffix in suffixes]

    def step(self, what: str, change: Callable[[], object], *, analyzed: int) -> list[Finding]:
        """Let `change` happen, then the daemon run; what it did, and the analyses that were needed."""
        self.place.say(what)
        change()
        before = len(self.daemon.events())
        done = self.daemon.run("run", "--once")
        assert done.returncode in (0, 3), done.stderr
        with self.daemon.log.open("a") as log:
            log.write(done.stderr)
        events = [event["event"] for event in self.daemon.events()[before:]]
        return [
            exactly(f"{what}: analyzed", events.count("track.analyzed"), analyzed),
            told(f"{what}: kept after a comparison", events.count("track.kept")),
            exactly(f"{what}: wrong or missing values", self.wrong(), 0),
        ]

    def sounds(self, paths: Sequence[Path]) -> int:
        """How many different sounds these files hold; excerpts of little music are alike."""
        return len({(path.suffix, self.fresh(path)["music_hash"]) for path in paths})

    def wrong(self) -> int:
        """Files whose stored groups are not those of a fresh analysis of their bytes, and results of no file."""
        listed = self.daemon.run("list", "--json").stdout.splitlines()
        stored = {one["path"]: one for one in map(json.loads, listed)}
        present = {os.path.relpath(path, self.music): path for path in self.tracks()}
        values = {name: self.fresh(path) for name, path in present.items()}
        wrong = [
            f"{name}: a result without a file, or a file without a result" for name in stored.keys() ^ present.keys()
        ]
        for name in sorted(stored.keys() & present.keys()):
            differing = [group for group in GROUPS if stored[name][group] != values[name][group]]
            wrong += [f"{name}: {group} is {stored[name][group]}, not {values[name][group]}" for group in differing[:1]]
        for line in wrong:
            self.place.say(line)
        return len(wrong)

    def fresh(self, path: Path) -> dict[str, Any]:
        """The result of these bytes, which nothing that is stored has touched."""
        content = hash_file(os.fspath(path)).content
        if content not in self.truth:
            analysis = AudioAnalyzer(self.settings).analyze(os.fspath(path))
            self.truth[content] = json.loads(json.dumps(analysis.to_json()))
            self.truth[content] |= self.former.get(content, {})
        return self.truth[content]

    def analyze_at(self, rate_hz: int) -> None:
        """From here on, at this rate; groups that do not depend on it, as the fingerprint, keep their values."""
        before = group_settings(self.settings)
        self.daemon.environment["MEMORY_OPTIMIZED_SAMPLE_RATE"] = str(rate_hz)
        self.settings = replace(self.settings, memory_optimized_sample_rate=rate_hz)
        today = group_settings(self.settings)
        kept = [group for group in GROUPS if today[group] == before[group]]
        self.former = {content: {group: values[group] for group in kept} for content, values in self.truth.items()}
        self.truth = {}


def run(place: Place) -> list[Finding]:
    """All steps, one after the other."""
    environment = {**os.environ, "WATCH_SETTLE_SECONDS": "0"}
    week = Week(place, Daemon(place.folder, environment, WATCH_SETTLE_SECONDS="0", MUSICNN_RUNTIME="off"))
    make_library(week, place.scaled(FILES, least=14))
    findings = week.step("first scan", lambda: None, analyzed=week.sounds(week.tracks()))
    for what, change, needed in _steps(week):
        findings += week.step(what, change, analyzed=needed)
    week.analyze_at(LOWER_RATE_HZ)
    return findings + week.step("another analysis rate", lambda: None, analyzed=len(week.tracks()))


def make_library(week: Week, count: int) -> None:
    """Tracks of different music, a folder for each ten; without real music each is made for itself."""
    made = week.place.folder / "made"
    if week.place.music:
        tracks = make_excerpts(week.place.music, made, FORMATS, count, EXCERPT_SECONDS)
    else:
        tracks = [composed(made, number, FORMATS[number % len(FORMATS)]) for number in range(count)]
    for number, path in enumerate(tracks):
        album = week.music / f"Album {number // 10:02}"
        album.mkdir(exist_ok=True)
        shutil.move(path, album / f"{number % 10:02} Track{path.suffix}")


def composed(folder: Path, number: int, suffix: str) -> Path:
    """A song that no other number has, in this format."""
    folder.mkdir(exist_ok=True)
    source = signals.write(folder / "source.wav", signals.song(EXCERPT_SECONDS, bpm=70 + number % 100, seed=number))
    path = folder / f"{number:03}.{suffix}"
    encode(Excerpt(str(source), 0.0), EXCERPT_SECONDS, path, FORMS[suffix])
    return path


def _steps(week: Week) -> Iterator[tuple[str, Callable[[], object], int]]:
    """What is done, and how much new sound it makes."""
    yield "touch", lambda: [os.utime(path) for path in week.tracks()], 0
    yield "chmod", lambda: [path.chmod(0o640) for path in week.tracks()], 0
    yield "new tags (mutagen)", lambda: [programs.retag(path, "one") for path in week.tracks()], 0
    yield "renamed and retagged at once", lambda: [programs.rename_and_retag(path) for path in week.tracks()], 0
    yield "cp -a to a new folder, the old one removed", lambda: programs.copy_over(week.music), 0
    louder = week.tracks(".mp3")[:CHANGED_FILES] if shutil.which("mp3gain") else []
    yield "mp3gain -p", lambda: programs.mp3gain(louder), week.sounds(louder)
    waves = week.tracks(".wav")[:CHANGED_FILES]
    yield (
        "other samples in place, the time set back",
        lambda: [programs.invert(path) for path in waves],
        week.sounds(waves),
    )
    yield "names of files swapped", lambda: programs.swap(week.tracks(".flac")[:CHANGED_FILES]), 0
    if shutil.which("rsync"):
        yield "rsync over everything", lambda: programs.rsync(week.music), 0
        yield "rsync --inplace over everything", lambda: programs.rsync(week.music, "--inplace"), 0
    yield "temporary names, as Syncthing's", lambda: [programs.sync_in(path) for path in week.tracks()], 0
    yield "beets: import by copy", lambda: programs.beets_import(week.music, "copy"), 0
    yield "beets: import by hard link", lambda: programs.beets_import(week.music, "hardlink"), 0
    yield "beets: import by move", lambda: programs.beets_import(week.music, "move"), 0
    yield "folders put in another order", lambda: programs.reorder(week.music), 0
