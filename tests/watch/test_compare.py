"""Two streams side by side, against what sets say of the same."""

from __future__ import annotations

import os
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from playlista.library.files import KnownFile
from playlista.tracks import TrackFile
from playlista.watch.compare import Absent, Changed, DeviceChanged, New, Unreachable, compare
from playlista.watch.walk import EmptyFolder, Seen, Unreadable, WalkEntry
from tests.libraries import track_file

DEVICE = 7


def known_files(files: dict[str, int]) -> list[KnownFile]:
    """Known files by path and content, in the database's order."""
    return [
        KnownFile(number, track_file(path, content=files[path], inode=1, device=DEVICE))
        for number, path in enumerate(sorted(files, key=os.fsencode))
    ]


def entries(files: dict[str, int]) -> list[WalkEntry]:
    return [Seen(known.file, 0.0) for known in known_files(files)]


TREES = st.dictionaries(
    st.sampled_from(["a", "a/b", "a b", "a-", "a/c/d", "ä", "\udcff", "z/a", "z"]).map(lambda stem: stem + ".mp3"),
    st.integers(1, 2),
)


@given(TREES, TREES)
def test_each_difference_is_found_once_and_nothing_else(disk: dict[str, int], library: dict[str, int]) -> None:
    findings = list(compare(entries(disk), known_files(library)))
    new = {finding.seen.file.path for finding in findings if isinstance(finding, New)}
    changed = {finding.seen.file.path for finding in findings if isinstance(finding, Changed)}
    absent = {finding.known.file.path for finding in findings if isinstance(finding, Absent)}
    assert new == disk.keys() - library.keys()
    assert absent == library.keys() - disk.keys()
    assert changed == {path for path in disk.keys() & library.keys() if disk[path] != library[path]}
    assert len(findings) == len(new) + len(changed) + len(absent)


def test_another_device_number_alone_is_no_change_of_the_file() -> None:
    (known,) = known_files({"a.mp3": 1})
    mounted_anew = replace(known.file, device=DEVICE + 1, inode=99)
    (finding,) = compare([Seen(mounted_anew, 0.0)], [known])
    assert isinstance(finding, DeviceChanged)


def test_a_number_beyond_sqlites_range_is_compared_as_it_is_stored() -> None:
    huge = TrackFile("a.mp3", 2**64 - 1, 2**63, 1, 2**63)
    stored = TrackFile("a.mp3", -1, -(2**63), 1, -(2**63))
    assert list(compare([Seen(huge, 0.0)], [KnownFile(1, stored)])) == []


def test_what_lies_behind_an_unreadable_folder_is_kept() -> None:
    library = known_files({"a.mp3": 1, "locked.mp3": 1, "locked/b.mp3": 1, "locked/c/d.mp3": 1, "z.mp3": 1})
    unreadable = Unreadable("locked", PermissionError())
    disk = [*entries({"a.mp3": 1, "locked.mp3": 1}), unreadable, *entries({"z.mp3": 1})]
    findings = list(compare(disk, library))
    assert findings == [unreadable, Unreachable(library[2]), Unreachable(library[3])]


def test_an_unreadable_music_folder_keeps_everything() -> None:
    library = known_files({"a.mp3": 1, "b/c.mp3": 1})
    findings = list(compare([Unreadable("", OSError())], library))
    assert [type(finding) for finding in findings[1:]] == [Unreachable, Unreachable]


def test_an_emptied_folder_on_the_device_of_its_files_has_lost_them() -> None:
    library = known_files({"folder/a.mp3": 1})
    assert list(compare([EmptyFolder("folder", DEVICE)], library)) == [Absent(library[0])]


def test_an_empty_folder_on_another_device_is_where_something_was_mounted() -> None:
    library = known_files({"folder/a.mp3": 1, "z.mp3": 1})
    empty = EmptyFolder("folder", DEVICE + 1)
    assert list(compare([empty], library)) == [Unreachable(library[0]), Absent(library[1])]
