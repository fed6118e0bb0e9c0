"""A result always belongs to one content, whatever is done to files, versions, settings and the process.

Files, library, watcher and worker are real. The analysis is a stand-in that computes its values from the bytes, so that
the test knows what each group of each result has to be.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from hashlib import blake2b
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from playlista.analysis.audio_analyzer import EVERYTHING, AudioAnalyzer, Identified, Pass
from playlista.analysis.track_run import KnownOpening
from playlista.config import Settings
from playlista.tracks import Analysis, Audio, GroupSettings, Loudness, Rhythm, Status
from playlista.tracks.origin import Origin
from tests.daemon.workers import worker_of
from tests.exhaustive import examples
from tests.libraries import open_parts
from tests.watch.synced import Synced

PATHS = st.sampled_from(["a.mp3", "b.mp3", "x/a.mp3"])  # few, so that they meet
SOUNDS = st.sampled_from("pq")
TAGS = st.sampled_from("12")
GROUPS = st.sampled_from(["rhythm", "loudness"])
#: Every file has this time and, since tag and sound are a letter each, one size: neither tells anything.
MTIME_NS = 10**18
#: More than a tick of the clock from which file systems take their times.
TICK_SECONDS = 0.011


class Killed(BaseException):
    """The process dies here."""


class Reading(AudioAnalyzer):
    """Analyzes files that hold a tag and a sound of one letter each."""

    def __init__(self) -> None:
        super().__init__(Settings(musicnn_runtime="off"))
        self.today = {"rhythm": 1, "loudness": 1}
        self.rate = 1
        self.dies = False
        #: What another program does to the file while it is read.
        self.meanwhile: bytes | None = None
        self.analyzed: list[str] = []

    @property
    def versions(self) -> dict[str, int]:
        return self.today

    @property
    def settings(self) -> GroupSettings:
        return {"rhythm": {"sample_rate_hz": self.rate}, "loudness": {}}

    def extra_bytes(self, path: str) -> int:
        return 0

    def identify(self, path: str) -> Identified:
        sound = Path(path).read_bytes()[1:]
        return Identified(_origin(sound), _hash(sound).hex(), AUDIO)

    def value(self, sound: bytes, group: str) -> float:
        """What a group of a track with this sound has to be today."""
        return sound[0] * 100 + self.today[group] * 10 + (self.rate if group == "rhythm" else 0)

    def analyze(self, path: str, *, shown_as: str | None = None, how: Pass = EVERYTHING) -> Analysis:
        sound = Path(path).read_bytes()[1:]
        if self.dies:
            raise Killed
        if how.is_known and how.is_known(b"opening of " + sound):
            raise KnownOpening(path)
        self.analyzed.append(path)
        if self.meanwhile is not None:
            put(Path(path), self.meanwhile, in_place=False)
            self.meanwhile = None
        groups = self.today.keys() & set(how.groups)
        return Analysis(
            shown_as or path,
            Status.ANALYZED,
            audio=AUDIO,
            rhythm=Rhythm(self.value(sound, "rhythm"), 1.0, 1, 1.0, 1.0) if "rhythm" in groups else None,
            loudness=Loudness(self.value(sound, "loudness"), None, None, None) if "loudness" in groups else None,
            versions={group: self.today[group] for group in groups},
            settings={group: self.settings[group] for group in groups},
            music_hash=_hash(sound).hex(),
            origin=_origin(sound),
        )


AUDIO = Audio(1.0, 1.0, 1.0, 44100, 2, "MP3", truncated=False)


def _hash(sound: bytes) -> bytes:
    return blake2b(sound, digest_size=16).digest()


def _origin(sound: bytes) -> Origin:
    return Origin(sound=_hash(sound), opening=b"opening of " + sound)


def put(place: Path, content: bytes, *, in_place: bool) -> None:
    """Write the file, whose time stamp is set back afterwards."""
    time.sleep(TICK_SECONDS)
    place.parent.mkdir(exist_ok=True)
    target = place if in_place else place.with_suffix(".part")
    target.write_bytes(content)
    os.utime(target, ns=(MTIME_NS, MTIME_NS))
    if target != place:
        os.replace(target, place)


class Week(RuleBasedStateMachine):
    """What other programs, an upgrade, the user and the power supply may do, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp(prefix="playlista-week-"))
        self.music = self.base / "music"
        self.music.mkdir()
        self.analyzer = Reading()
        put(self.music / "anchor.mp3", b"0z", in_place=True)
        self.open()

    def open(self) -> None:
        """Start the process."""
        self.context = open_parts(self.base, synced=False)
        self.parts = self.context.__enter__()
        self.parts.clock.now = time.time()
        self.synced = Synced(self.music, self.parts)

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)
        shutil.rmtree(self.base)

    @initialize()
    def analyze_two_tracks(self) -> None:
        put(self.music / "a.mp3", b"1p", in_place=True)
        put(self.music / "b.mp3", b"1q", in_place=True)
        self.work_it_all_off()

    @rule(path=PATHS, tag=TAGS, sound=SOUNDS, in_place=st.booleans(), then_work=st.booleans())
    def write(self, path: str, tag: str, sound: str, in_place: bool, then_work: bool) -> None:
        put(self.music / path, f"{tag}{sound}".encode(), in_place=in_place)
        if then_work:
            self.work_it_all_off()

    @rule(path=PATHS, new_path=PATHS, tag=st.none() | TAGS)
    def rename_and_retag(self, path: str, new_path: str, tag: str | None) -> None:
        if (self.music / path).exists():
            (self.music / new_path).parent.mkdir(exist_ok=True)
            os.replace(self.music / path, self.music / new_path)
            if tag is not None:
                put(self.music / new_path, tag.encode() + (self.music / new_path).read_bytes()[1:], in_place=True)

    @rule(path=PATHS, new_path=PATHS, link=st.booleans())
    def copy(self, path: str, new_path: str, link: bool) -> None:
        if (self.music / path).exists() and path != new_path:
            (self.music / new_path).parent.mkdir(exist_ok=True)
            (self.music / new_path).unlink(missing_ok=True)
            (os.link if link else shutil.copy2)(self.music / path, self.music / new_path)

    @rule(path=PATHS)
    def touch(self, path: str) -> None:
        if (self.music / path).exists():
            os.utime(self.music / path)

    @rule(path=PATHS)
    def delete(self, path: str) -> None:
        (self.music / path).unlink(missing_ok=True)

    @rule(group=GROUPS)
    def upgrade(self, group: str) -> None:
        self.analyzer.today = {**self.analyzer.today, group: self.analyzer.today[group] + 1}
        self.enqueue_outdated()

    @rule(rate=st.integers(1, 3))
    def change_settings(self, rate: int) -> None:
        self.analyzer.rate = rate
        self.enqueue_outdated()

    def enqueue_outdated(self) -> None:
        for groups, files in self.parts.store.outdated(self.analyzer.outdated_groups):
            self.parts.queue.enqueue(files, "outdated", groups=groups)

    @rule(path=PATHS)
    def ask_for_a_retry(self, path: str) -> None:
        self.parts.queue.retry([path])

    @rule()
    def scan(self) -> None:
        self.synced.scan()

    @precondition(lambda self: self.analyzer.meanwhile is None)
    @rule(tag=TAGS, sound=SOUNDS)
    def let_the_next_file_be_replaced_while_it_is_read(self, tag: str, sound: str) -> None:
        self.analyzer.meanwhile = f"{tag}{sound}".encode()

    @rule()
    def die_in_the_next_analysis_and_start_again(self) -> None:
        self.analyzer.dies = True
        try:
            self.work()
        except Killed:
            self.context.__exit__(None, None, None)
            self.open()
            self.parts.queue.recover_claimed()
        finally:
            self.analyzer.dies = False

    def work(self) -> None:
        worker_of(self.parts, self.music, self.analyzer).run(until_empty=True)

    @rule()
    def work_it_all_off(self) -> None:
        for _ in range(4):  # a file that was replaced is vanished first, and then waits; so does one that killed
            self.synced.scan()
            self.work()
            self.parts.queue.retry_all()
        found = {
            one.path: (
                one.rhythm and one.rhythm.bpm,
                one.loudness and one.loudness.integrated_lufs,
            )
            for one in self.parts.results()
        }
        assert found == {
            os.path.relpath(place, self.music): tuple(
                self.analyzer.value(place.read_bytes()[1:], group) for group in ("rhythm", "loudness")
            )
            for place in self.music.rglob("*.mp3")
        }

    @rule()
    def touch_everything_after_it_was_worked_off(self) -> None:
        """What is known costs nothing: neither a new time, nor another mode, nor a copy over itself."""
        self.work_it_all_off()
        before = len(self.analyzer.analyzed)
        for place in self.music.rglob("*.mp3"):
            os.utime(place)
            place.chmod(0o640)
        self.work_it_all_off()
        assert len(self.analyzer.analyzed) == before


TestWeek = Week.TestCase
TestWeek.settings = settings(max_examples=examples(25), stateful_step_count=25, deadline=None)
