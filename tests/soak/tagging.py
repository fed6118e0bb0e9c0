"""Two days of a library whose tags and playlists keep themselves, while other programs change the same files.

Input: albums in six formats. Output: for each thing that happens what was analyzed, which tags were written, and how
many of the writes were needless: those after which the fields of the file are what they were before. The daemon lives
all the time; it is stopped (SIGSTOP) only while the other program works, so that before and after can be told apart.
The judge of the tags is mutagen, that of the sound ffmpeg, each called here.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mutagen

from tests.outputs.tag_files import tags_of
from tests.soak import programs
from tests.soak.findings import Finding, at_least, exactly, told
from tests.soak.music import FORMS, Excerpt, encode, make_excerpts
from tests.soak.place import Place
from tests.soak.service import Service
from tests.soak.tags import decoded_by_all

FORMATS = ("flac", "mp3", "ogg", "m4a", "opus", "wav")
ALBUMS = 6
TRACKS_OF_ALBUM = 8
#: By beets, out of one album.
MOVED_TRACKS = programs.IMPORTED_FILES
SECONDS = 8.0
#: How often the other program undoes our tags, which is more than the daemon writes them again.
FIGHTS = 6
BROKE = ("track.broke", "watch.broke", "playlist.broke", "tags.broke")
OUR_NAMES = ("bpm", "key", "mood", "energy", "replaygain", "r128", "tmpo", "tbpm", "tkey", "tmoo")
SETTINGS = {
    "TAG_WRITE": "bpm,key,replaygain,mood,energy",
    "WATCH_SETTLE_SECONDS": "0.2",
    "WATCH_RESCAN_INTERVAL_SECONDS": "5",
}
RULES = '["All of it"]\norder = "path"\nlimit = 500\n["Quick"]\nbpm = "100.."\n'
#: Nothing is due; what waits for the rest of an album whose files are gone waits for an hour.
AT_REST = """
    SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM tracks WHERE tags_due = 1)
         + (SELECT count(*) FROM tag_jobs WHERE due_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM gone_files))
         + (SELECT count(*) FROM tag_jobs WHERE due_at < unixepoch())
"""
REST_SECONDS = 11.0
STEP_SECONDS = 1200.0

Fields = dict[str, dict[str, list[str]]]


@dataclass
class Days:
    """The library, its daemon, and what was seen of both."""

    place: Place
    service: Service
    rows: list[Finding] = field(default_factory=list)
    needless: int = 0
    repeated: int = 0
    needless_playlists: int = 0

    @property
    def music(self) -> Path:
        return self.service.music

    def tracks(self) -> list[Path]:
        """All music files."""
        return sorted(path for path in self.music.rglob("*") if path.suffix[1:] in FORMATS)

    def step(self, what: str, change: Callable[[], object], *, analyzed: int, written: int) -> None:
        """Let `change` happen, then wait until the daemon is at rest; what it did, and what it had to do."""
        self.place.say(what)
        before, lists = self._frozen(change)
        seen = len(self.service.events())
        self._rest()
        events = self.service.events()[seen:]
        after = self.fields()
        counts = Counter(event["path"] for event in events if event["event"] == "tags.written")
        changed = {path for path in after if before.get(path) != after[path]}
        self.needless += len(counts.keys() - changed)
        self.repeated += sum(count - 1 for count in counts.values())
        rewritten = [event["file"] for event in events if event["event"] == "playlist.written"]
        # One that was written twice was another one in between, such as while a folder was away.
        once = {name for name, count in Counter(rewritten).items() if count == 1}
        self.needless_playlists += len(once - self._differing(lists))
        done = sum(event["event"] == "track.analyzed" for event in events)
        self.rows.append(exactly(f"{what}: analyzed", done, analyzed))
        self.rows.append(exactly(f"{what}: files written", len(counts), written))

    def fields(self) -> Fields:
        """Our fields of all files, by path."""
        return {
            os.path.relpath(path, self.music): {
                name: texts for name, texts in tags_of(path).items() if any(one in name.lower() for one in OUR_NAMES)
            }
            for path in self.tracks()
        }

    def _frozen(self, change: Callable[[], object]) -> tuple[Fields, dict[str, bytes]]:
        """Fields and playlists as they are after `change`, and before the daemon has done anything about it."""
        os.kill(self.service.pid, signal.SIGSTOP)
        try:
            change()
            return self.fields(), self._playlists()
        finally:
            os.kill(self.service.pid, signal.SIGCONT)

    def _rest(self) -> None:
        """Wait for two scans of everything, and until for a while nothing has been due."""
        scans, quiet_since = len(self.service.events("folder.scanned")), time.monotonic()

        def is_at_rest() -> bool:
            nonlocal quiet_since
            if self.service.ask_library(AT_REST)[0][0] or len(self.service.events("folder.scanned")) < scans + 2:
                quiet_since = time.monotonic()
            return time.monotonic() - quiet_since >= REST_SECONDS

        self.service.until(is_at_rest, "rest", STEP_SECONDS, 0.5)

    def _playlists(self) -> dict[str, bytes]:
        folder = self.music / "Playlists"
        return {path.name: path.read_bytes() for path in folder.glob("*.m3u8")}

    def _differing(self, former: dict[str, bytes]) -> set[str]:
        return {name for name, content in self._playlists().items() if former.get(name) != content}


def run(place: Place) -> list[Finding]:
    """The two days."""
    folder = place.folder / "run"
    service = Service(folder, SETTINGS | {"PLAYLIST_DIR": str(folder / "music" / "Playlists")})
    service.data.mkdir(exist_ok=True)
    (service.data / "playlists.toml").write_text(RULES, encoding="utf-8")
    days = Days(place, service)
    made = iter(_albums(place))
    try:
        sounds = _begin(days, made)
        for what, change, analyzed, written in _happenings(days, made, sounds):
            days.step(what, change, analyzed=analyzed, written=written)
        before = len(service.events())
        days.step("nothing happens", lambda: None, analyzed=0, written=0)
        told_of = Counter(event["event"] for event in service.events()[before:])
        lost = sounds - _sounds(days.tracks())
        service.stop()
    finally:
        service.close()
    return [*days.rows, *_summary(days, told_of, lost)]


def _begin(days: Days, made: Iterator[list[Path]]) -> Counter[tuple[str, ...]]:
    for number in range(days.place.scaled(ALBUMS, 2)):
        _move_in(days, next(made), f"Album {number}")
    sounds = _sounds(days.tracks())
    days.service.spawn()
    days.service.wait_ready()
    count = len(days.tracks())
    days.step("the first scan", lambda: None, analyzed=count, written=count)
    return sounds


def _happenings(
    days: Days, made: Iterator[list[Path]], sounds: Counter[tuple[str, ...]]
) -> Iterator[tuple[str, Callable[[], object], int, int]]:
    """What happens, with how much is new to be analyzed and how many files have to be written."""
    music, some = days.music, days.tracks()[: days.place.scaled(12, 3)]
    yield "mutagen: other titles everywhere", lambda: [programs.retag(one, "two") for one in days.tracks()], 0, 0
    yield "mutagen: tempi of its own", lambda: [_set_bpm(one) for one in some], 0, 0
    undone = days.tracks()[-days.place.scaled(12, 2) :]
    for fight in range(FIGHTS):
        expected = len(undone) if fight < 3 else 0
        yield f"mutagen: our tags removed, time {fight + 1}", lambda: [_remove_ours(one) for one in undone], 0, expected
    new = next(made)
    sounds.update(_sounds(new))
    yield "a new album", lambda: _move_in(days, new, "New album"), len(new), len(new)
    one, *_ = next(made)
    sounds.update(_sounds([one]))
    size = len(new) + 1
    yield "one more track on it", lambda: _move_in(days, [one], "New album", first=90), 1, size
    yield "a folder renamed", lambda: (music / "Album 1").rename(music / "Album one"), 0, 0
    yield "an album moved away", lambda: (music / "Album 0").rename(music.with_name("away")), 0, 0
    yield "and back", lambda: music.with_name("away").rename(music / "Album 0"), 0, 0
    # The copies have our values, which are not known as ours there; what is moved is, and becomes an album of its own.
    yield "beets: import by copy", lambda: programs.beets_import(music, "copy"), 0, 0
    yield "beets: import by move", lambda: programs.beets_import(music, "move"), 0, MOVED_TRACKS
    # The rest of the album that they left has another gain; that is seen when one of its tracks is looked at.
    yield "touch", lambda: [os.utime(path) for path in days.tracks()], 0, TRACKS_OF_ALBUM - MOVED_TRACKS
    for hour in range(days.place.scaled(4)):
        yield (
            f"titles again, hour {hour + 1}",
            lambda: [programs.retag(one, "three") for one in days.tracks()[::4]],
            0,
            0,
        )


def _albums(place: Place) -> Iterator[list[Path]]:
    """Albums of music that is nowhere else, ready to be moved in."""
    count = (place.scaled(ALBUMS, 2) + 2) * TRACKS_OF_ALBUM
    if place.music is not None:
        tracks = make_excerpts(place.music, place.folder / "made", FORMATS, count, SECONDS)
    else:
        tracks = [_composed(place.folder / "made", number) for number in range(count)]
    for begin in range(0, count, TRACKS_OF_ALBUM):
        yield tracks[begin : begin + TRACKS_OF_ALBUM]


def _composed(folder: Path, number: int) -> Path:
    from tests import signals

    folder.mkdir(exist_ok=True)
    source = signals.write(folder / "source.wav", signals.song(SECONDS, bpm=70 + number % 100, seed=number))
    path = folder / f"{number:03}.{FORMATS[number % len(FORMATS)]}"
    encode(Excerpt(str(source), 0.0), SECONDS, path, FORMS[FORMATS[number % len(FORMATS)]])
    return path


def _move_in(days: Days, tracks: Sequence[Path], album: str, first: int = 0) -> None:
    folder = days.music / album
    folder.mkdir(exist_ok=True)
    for number, path in enumerate(tracks, first):
        _name(path, album, number)
        shutil.move(path, folder / f"{number:02} Track{path.suffix}")


def _name(path: Path, album: str, number: int) -> None:
    file = mutagen.File(path, easy=True)
    if file.tags is None:
        file.add_tags()
    if path.suffix == ".wav":  # which has no easy names
        from mutagen.id3 import TALB, TIT2, TPE1

        for frame in (TALB, TIT2, TPE1):
            file.tags.add(frame(encoding=3, text=[album if frame is TALB else f"Track {number}"]))
    else:
        file["title"], file["artist"], file["album"] = f"Track {number}", "Someone", album
    file.save()


def _set_bpm(path: Path) -> None:
    """Another tempo than ours, under the name of the format."""
    file = mutagen.File(path)
    if path.suffix in {".mp3", ".wav"}:
        from mutagen.id3 import TBPM

        file.tags.setall("TBPM", [TBPM(encoding=3, text=["61"])])
    else:
        file["tmpo" if path.suffix == ".m4a" else "bpm"] = [61] if path.suffix == ".m4a" else ["61"]
    file.save()


def _remove_ours(path: Path) -> None:
    file = mutagen.File(path)
    for name in {name for name in tags_of(path) if any(one in name.lower() for one in OUR_NAMES)}:
        del file.tags[name]
    file.save()


def _sounds(paths: Sequence[Path]) -> Counter[tuple[str, ...]]:
    return Counter(decoded_by_all(path) for path in paths)


def _summary(days: Days, at_the_end: Counter[str], lost: Counter[tuple[str, ...]]) -> list[Finding]:
    events = Counter(event["event"] for event in days.service.events())
    return [
        at_least("writes of tags in all", events["tags.written"], days.place.scaled(ALBUMS, 2) * TRACKS_OF_ALBUM),
        exactly("of these needless: every field was so before", days.needless, 0),
        exactly("of these a second time after one change", days.repeated, 0),
        told("files left to the program that undid our tags", _contested(days)),
        told("playlists written", events["playlist.written"]),
        exactly("of these needless: the file was so before", days.needless_playlists, 0),
        exactly("sounds that are not what they were", lost.total(), 0),
        exactly("lines in the log while nothing happens, but for scans", sum(_but_scans(at_the_end).values()), 0),
        exactly("errors that nobody thought of, in the log", sum(events[name] for name in BROKE), 0),
    ]


def _contested(days: Days) -> int:
    refused = days.service.events("tags.refused")
    return len({event["path"] for event in refused if event["reason"] == "contested"})


def _but_scans(events: Counter[str]) -> Counter[str]:
    return Counter({name: count for name, count in events.items() if name != "folder.scanned"})
