"""Tags that the daemon keeps by itself: what it writes, what it leaves alone, and that it comes to an end."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from mutagen.flac import FLAC
from mutagen.mp4 import MP4

from playlista.daemon import tag_keeper
from playlista.daemon.tag_keeper import MOST_ATTEMPTS, SOON_SECONDS
from playlista.errors import Interrupted
from playlista.library.tag_jobs import TagJobs, count_tag_jobs
from playlista.outputs.file_tags import writer
from playlista.outputs.file_tags.tagging import MOST_REWRITES
from playlista.system.callbacks import noop
from playlista.tracks import Loudness, Rhythm, Status, Tonal, TrackFile
from playlista.tracks.metadata import Metadata
from tests.daemon.tagged_library import TaggedLibrary, comment
from tests.libraries import open_parts
from tests.outputs.tag_files import decoded, taggable


@pytest.fixture
def library(tmp_path: Path) -> Iterator[TaggedLibrary]:
    music, data = tmp_path / "music", tmp_path / "data"
    music.mkdir()
    data.mkdir()
    with open_parts(data, synced=False) as parts:
        yield TaggedLibrary(parts, music, data)


@pytest.fixture
def song(library: TaggedLibrary) -> Path:
    """A FLAC file of 128 BPM in C# minor that is analyzed."""
    path = taggable(library.music, "flac")
    library.add(path)
    return path


def edit(library: TaggedLibrary, path: Path, **comments: str | None) -> None:
    """Another program sets comments, or removes them, and the daemon notices."""
    file = FLAC(path)
    for name, text in comments.items():
        if text is None:
            del file[name]
        else:
            file[name] = text
    file.save()
    library.noticed(path)


def test_nothing_is_written_unless_it_is_switched_on(library: TaggedLibrary, song: Path) -> None:
    before = song.read_bytes()
    assert library.keep(tag_write=()) == {}
    assert song.read_bytes() == before
    assert count_tag_jobs(library.parts.database).pending == 0


def test_the_whole_library_is_written_once_it_is_switched_on_and_then_left_in_peace(
    library: TaggedLibrary, song: Path
) -> None:
    sound = decoded(song)
    assert library.keep(tag_write=("bpm", "key")) == {"written": 1}
    assert (comment(song, "BPM"), comment(song, "INITIALKEY"), comment(song, "KEY")) == ("127.98", "C#m", "C#m")
    assert comment(song, "TITLE") == "A title"
    assert decoded(song) == sound
    written = song.read_bytes()
    assert library.keep(tag_write=("bpm", "key")) == {}
    library.noticed(song)
    assert library.keep(tag_write=("bpm", "key")) == {"unchanged": 1}
    assert song.read_bytes() == written


def test_the_own_write_is_no_change_for_a_scan_and_its_bytes_are_those_of_the_result(
    library: TaggedLibrary, song: Path
) -> None:
    library.keep()
    known = library.parts.library.get(song.name)
    assert known is not None
    assert known.file == TrackFile.from_stat(song.name, song.stat())
    assert library.parts.queue.enqueue([known.file], "scan") == 1  # which a scan does not do: nothing differs
    stored = library.parts.store.get(song.name)
    assert stored is not None
    assert stored.origin.content is not None
    assert stored.origin.content.startswith(song.stat().st_size.to_bytes(8, "big"))


def test_a_track_that_was_analyzed_in_part_is_left_alone(library: TaggedLibrary, song: Path) -> None:
    library.add(song, status=Status.PARTIAL)
    before = song.read_bytes()
    assert library.keep(tag_write=("bpm", "key")) == {}
    assert song.read_bytes() == before
    assert count_tag_jobs(library.parts.database).pending == 0


def test_what_another_program_wrote_stays_and_the_rest_is_written(library: TaggedLibrary, song: Path) -> None:
    edit(library, song, BPM="64")
    assert library.keep(tag_write=("bpm", "key")) == {"written": 1}
    assert (comment(song, "BPM"), comment(song, "KEY")) == ("64", "C#m")


def test_our_own_value_is_renewed_and_one_that_was_edited_since_is_not(library: TaggedLibrary, song: Path) -> None:
    library.keep(tag_write=("bpm", "key"))
    edit(library, song, KEY="Am", INITIALKEY="Am")
    library.add(song, rhythm=Rhythm(99.0, 0.9, 100, 2.0, 1.0), tonal=Tonal("D", "major", 0.9, "10B", 440.0))
    assert library.keep(tag_write=("bpm", "key")) == {"written": 1}
    assert (comment(song, "BPM"), comment(song, "KEY")) == ("99.00", "Am")


@pytest.mark.parametrize(("overwrite", "bpm"), [("missing", "64"), ("ours", "64"), ("all", "127.98")])
def test_how_much_is_replaced_is_chosen(library: TaggedLibrary, song: Path, overwrite: str, bpm: str) -> None:
    edit(library, song, BPM="64")
    library.keep(tag_overwrite=overwrite)
    assert comment(song, "BPM") == bpm


def test_with_missing_not_even_our_own_value_is_renewed(library: TaggedLibrary, song: Path) -> None:
    library.keep()
    library.add(song, rhythm=Rhythm(99.0, 0.9, 100, 2.0, 1.0))
    assert library.keep(tag_overwrite="missing") == {"kept": 1}
    assert comment(song, "BPM") == "127.98"


@pytest.mark.parametrize(("notation", "key"), [("musical", "C#m"), ("camelot", "12A"), ("openkey", "5m")])
def test_keys_are_written_as_people_want_them(library: TaggedLibrary, song: Path, notation: str, key: str) -> None:
    library.keep(tag_write=("key",), tag_key_notation=notation)
    assert comment(song, "INITIALKEY") == key


def test_another_notation_renews_what_we_wrote_under_the_name_that_is_wanted(
    library: TaggedLibrary, song: Path
) -> None:
    library.keep(tag_write=("key",), tag_key_names="initialkey")
    assert (comment(song, "INITIALKEY"), comment(song, "KEY")) == ("C#m", None)
    assert library.keep(tag_write=("key",), tag_key_names="initialkey", tag_key_notation="camelot") == {"written": 1}
    assert comment(song, "INITIALKEY") == "12A"


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "opus", "m4a", "wma", "wav", "wv", "tta", "aiff"])
def test_what_was_written_is_known_again_in_every_format(library: TaggedLibrary, suffix: str) -> None:
    """Formats hold fewer digits than we know: that is no reason to write again."""
    path = taggable(library.music, suffix)
    library.add(path)
    every = ("bpm", "key", "replaygain")
    assert library.keep(tag_write=every) == {"written": 1}
    library.noticed(path)
    assert library.keep(tag_write=every, tag_overwrite="all") == {"unchanged": 1}


@pytest.mark.parametrize("suffix", ["opus", "mp3"])
def test_a_gain_of_nearly_nothing_is_known_again(library: TaggedLibrary, suffix: str) -> None:
    """-0.001 dB is "-0.00", and in steps of 1/256 dB 0."""
    path = taggable(library.music, suffix)
    library.add(path, loudness=Loudness(-17.999, 5.0, -1.0, -0.001))
    assert library.keep(tag_write=("replaygain",)) == {"written": 1}
    library.noticed(path)
    assert library.keep(tag_write=("replaygain",)) == {"unchanged": 1}


@pytest.mark.parametrize("overwrite", ["ours", "all"])
def test_a_value_that_another_program_removes_again_and_again_is_left_to_it(
    library: TaggedLibrary, song: Path, overwrite: str
) -> None:
    outcomes: Counter[str] = Counter()
    for _ in range(MOST_REWRITES + 4):
        outcomes += library.keep(tag_overwrite=overwrite)
        if comment(song, "BPM"):
            edit(library, song, BPM=None)
        else:
            library.noticed(song)
    assert outcomes["written"] == 1 + MOST_REWRITES
    assert outcomes["contested"] == 3
    assert count_tag_jobs(library.parts.database).refused == {"contested": 1}


def test_a_file_that_cannot_be_tagged_is_checked_again_when_it_has_changed(library: TaggedLibrary, song: Path) -> None:
    other = library.music / "other.flac"
    os.link(song, other)
    library.noticed(song)
    assert library.keep() == {"hard_links": 1}
    assert library.keep() == {}
    other.unlink()
    library.noticed(song)
    assert library.keep() == {"written": 1}
    assert count_tag_jobs(library.parts.database).refused == {}


def test_a_file_that_is_in_use_is_tagged_a_minute_later(
    library: TaggedLibrary, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        looks = iter(({}, {"bpm": frozenset({"1"})}))  # when the fields are chosen, and in the copy
        patched.setattr(writer, "present_in", lambda *_: next(looks))

        assert library.keep() == {"in_use": 1}
    assert library.keep() == {}
    library.parts.clock.now += SOON_SECONDS
    assert library.keep() == {"written": 1}


def test_a_stop_in_the_middle_leaves_the_file_as_it_was_and_it_is_tagged_later(
    library: TaggedLibrary, song: Path
) -> None:
    before = song.read_bytes()
    with pytest.raises(Interrupted):
        library.keeper(stop=lambda: True).work(noop)
    assert song.read_bytes() == before
    assert os.listdir(library.music) == [song.name]
    assert library.keep() == {"written": 1}


def test_a_file_at_which_the_process_dies_every_time_is_left_alone(library: TaggedLibrary, song: Path) -> None:
    keeper = library.keeper()
    known = library.parts.library.get(song.name)
    assert known is not None
    for _ in range(MOST_ATTEMPTS):
        TagJobs(library.parts.database).begin(known.file_id)
    while keeper.work(noop):
        pass
    assert library.outcomes == {"crashed": 1}
    library.noticed(song)
    assert library.keep() == {"written": 1}


def test_an_error_that_nobody_thought_of_leaves_one_file_alone_and_not_the_daemon(
    library: TaggedLibrary, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(tag_keeper, "tag_fields", lambda *_, **__: 1 // 0)
        assert library.keep() == {"other": 1}
    assert library.keep() == {}
    library.noticed(song)
    assert library.keep() == {"written": 1}


@pytest.mark.parametrize("done", [False, True])
def test_after_a_kill_the_value_is_ours_whether_it_was_written_or_not(
    library: TaggedLibrary, song: Path, done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the note of a new value and the end of its write."""
    library.keep()
    library.add(song, rhythm=Rhythm(99.0, 0.9, 100, 2.0, 1.0))
    with monkeypatch.context() as patched:
        where = "end" if done else "begin"
        original = getattr(tag_keeper.WrittenTags, where)

        def killed(self: object, *arguments: object) -> None:
            if not done:
                original(self, *arguments)
            raise KeyboardInterrupt

        patched.setattr(tag_keeper.WrittenTags, where, killed)
        with pytest.raises(KeyboardInterrupt):
            library.keep()
    assert comment(song, "BPM") == ("99.00" if done else "127.98")
    library.noticed(song)
    library.keep()
    assert comment(song, "BPM") == "99.00"
    library.add(song, rhythm=Rhythm(101.0, 0.9, 100, 2.0, 1.0))
    assert library.keep() == {"written": 1}
    assert comment(song, "BPM") == "101.00"


def test_a_read_only_folder_is_said_once_and_nothing_is_tried(
    library: TaggedLibrary, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tag_keeper, "why_read_only", lambda folder: f"{folder}: mounted read-only")
    keeper = library.keeper()
    assert not keeper.work(noop)
    assert keeper.trouble == f"{library.music}: mounted read-only"
    assert library.outcomes == {}
    assert count_tag_jobs(library.parts.database).pending == 1


def test_others_have_as_much_time_as_a_write_took(library: TaggedLibrary, song: Path) -> None:
    shutil.copyfile(song, library.music / "second.flac")
    library.add(library.music / "second.flac")
    keeper = library.keeper()
    assert keeper.work(noop, unhurried=True)
    assert keeper.pause_seconds > 0
    assert not keeper.work(noop, unhurried=True)
    assert library.outcomes == {"written": 1}


def test_a_track_whose_tags_hold_another_programs_gain_gets_no_peak_of_ours(library: TaggedLibrary, song: Path) -> None:
    edit(library, song, REPLAYGAIN_TRACK_GAIN="-3.00 dB")
    assert library.keep(tag_write=("replaygain",)) == {"kept": 1}
    assert comment(song, "REPLAYGAIN_TRACK_PEAK") is None


#: Of the two tracks of an album.
NAMES = Metadata(title="A", artist="Someone", album="Album")


@pytest.fixture
def album(library: TaggedLibrary) -> list[Path]:
    paths = []
    for number, lufs, peak in ((1, -12.0, -1.0), (2, -18.0, -6.0)):
        folder = library.music / "Artist" / "Album" / f"CD {number}"
        folder.mkdir(parents=True)
        path = taggable(folder, "flac", pitch_hz=200 * number)
        library.add(path, names=NAMES, loudness=Loudness(lufs, 5.0, peak, -18.0 - lufs))
        paths.append(path)
    return paths


def test_an_album_gets_the_gain_of_its_mean_and_its_highest_peak(library: TaggedLibrary, album: list[Path]) -> None:
    # 10 * log10((10 ** -1.2 + 10 ** -1.8) / 2) = -14.04 LUFS
    assert library.keep(tag_write=("replaygain",)) == {"written": 2}
    for path in album:
        assert comment(path, "REPLAYGAIN_ALBUM_GAIN") == "-3.96 dB"
        assert comment(path, "REPLAYGAIN_ALBUM_PEAK") == f"{10 ** (-1 / 20):.6f}"
    assert [comment(path, "REPLAYGAIN_TRACK_GAIN") for path in album] == ["-6.00 dB", "+0.00 dB"]


def test_a_new_track_renews_the_gain_of_the_others(library: TaggedLibrary, album: list[Path]) -> None:
    library.keep(tag_write=("replaygain",))
    third = taggable(library.music / "Artist" / "Album", "flac", pitch_hz=900)
    library.add(third, names=NAMES, loudness=Loudness(-12.0, 5.0, 0.0, -6.0))
    assert library.keep(tag_write=("replaygain",))["written"] == 3
    # 10 * log10((2 * 10 ** -1.2 + 10 ** -1.8) / 3) = -13.25 LUFS
    assert {comment(path, "REPLAYGAIN_ALBUM_GAIN") for path in (*album, third)} == {"-4.75 dB"}
    assert {comment(path, "REPLAYGAIN_ALBUM_PEAK") for path in (*album, third)} == {"1.000000"}


def test_nothing_is_written_before_the_rest_of_the_album_is_analyzed(library: TaggedLibrary, album: list[Path]) -> None:
    waiting = taggable(album[0].parent, "mp3")
    library.parts.queue.enqueue([TrackFile.from_stat(str(waiting.relative_to(library.music)), waiting.stat())], "scan")
    with library.parts.database.transaction() as connection:
        connection.execute("UPDATE tag_jobs SET asked_at = 0")
    keeper = library.keeper(tag_write=("replaygain",))
    with library.parts.database.transaction() as connection:
        connection.execute("UPDATE tag_jobs SET asked_at = ?", (library.parts.clock.now,))
    while keeper.work(noop):
        pass
    assert library.outcomes == {}
    library.parts.clock.now += tag_keeper.ALBUM_SECONDS
    while keeper.work(noop):
        pass
    assert library.outcomes == {"written": 2}, "after an hour it does without"


def test_the_same_album_in_another_folder_or_of_another_artist_is_another_one(
    library: TaggedLibrary, album: list[Path]
) -> None:
    copy = library.music / "MP3" / "Album"
    copy.mkdir(parents=True)
    path = taggable(copy, "m4a")
    library.add(path, names=NAMES, loudness=Loudness(-10.0, 5.0, 0.0, -8.0))
    library.keep(tag_write=("replaygain",))
    assert bytes(MP4(path)["----:com.apple.iTunes:replaygain_album_gain"][0]) == b"-8.00 dB"
    assert comment(album[0], "REPLAYGAIN_ALBUM_GAIN") == "-3.96 dB"
