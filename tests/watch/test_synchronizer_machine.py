"""Folder and library through any order of changes, scans and restarts."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.exhaustive import examples
from tests.libraries import open_parts
from tests.watch.folders import make_old
from tests.watch.synced import Synced

FOLDERS = st.sampled_from(["", "a", "a/b", "c"])
TRACK_NAMES = st.sampled_from(["1.mp3", "2.mp3", "\udcff.mp3"])
NAMES = TRACK_NAMES | st.just("x.part")


class Folder(RuleBasedStateMachine):
    """Files are made, rewritten, renamed and deleted, with and without a word; a scan then makes the two agree."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp(prefix="playlista-folder-"))
        (self.base / "music").mkdir()
        (self.base / "data").mkdir()
        self.parts_context = open_parts(self.base / "data", synced=False)
        self.parts = self.parts_context.__enter__()
        self.synced = Synced(self.base / "music", self.parts)
        make_old(self.synced.root, "anchor.mp3", content=b"x" * 10_000)  # the folder is never empty
        self.events: list[str] = []
        self.lost = False
        #: Each content has its own size, by which it is told from all others.
        self.contents = 0
        self.analyzed: list[int] = []

    def teardown(self) -> None:
        self.parts_context.__exit__(None, None, None)
        shutil.rmtree(self.base)

    @rule(folder=FOLDERS, name=NAMES, told=st.booleans())
    def write(self, folder: str, name: str, told: bool) -> None:
        self.contents += 1
        path = os.path.join(folder, name)
        make_old(self.synced.root, path, content=b"x" * self.contents)
        self.tell(told, path)

    @rule(folder=FOLDERS, name=NAMES, new_folder=FOLDERS, new_name=TRACK_NAMES, told=st.booleans())
    def rename(self, folder: str, name: str, new_folder: str, new_name: str, told: bool) -> None:
        path, new_path = os.path.join(folder, name), os.path.join(new_folder, new_name)
        if (self.synced.root / path).is_file():
            os.makedirs(self.synced.root / new_folder, exist_ok=True)
            os.replace(self.synced.root / path, self.synced.root / new_path)
            self.tell(told, path, new_path)

    @rule(folder=st.sampled_from(["a", "c"]), told=st.booleans())
    def rename_folder(self, folder: str, told: bool) -> None:
        if (self.synced.root / folder).is_dir() and not (self.synced.root / "moved").exists():
            os.rename(self.synced.root / folder, self.synced.root / "moved")
            self.tell(told, folder, "moved")

    @rule(told=st.booleans())
    def rename_folder_back(self, told: bool) -> None:
        if (self.synced.root / "moved").is_dir() and not (self.synced.root / "c").exists():
            os.rename(self.synced.root / "moved", self.synced.root / "c")
            self.tell(told, "moved", "c")

    @rule(folder=FOLDERS, name=NAMES, told=st.booleans())
    def delete(self, folder: str, name: str, told: bool) -> None:
        path = os.path.join(folder, name)
        (self.synced.root / path).unlink(missing_ok=True)
        self.tell(told, path)

    def tell(self, told: bool, *paths: str) -> None:
        """An event that is told, unless the kernel lost it, which the kernel tells."""
        self.lost |= not told
        if told:
            self.events += [path for path in paths if not path.endswith(".part")]

    @rule()
    def hear(self) -> None:
        events, lost, self.events, self.lost = self.events, self.lost, [], False
        self.synced.follow(*events, lost=lost)

    @rule(told_before=st.booleans())
    def scan_and_agree(self, told_before: bool) -> None:
        if told_before:
            self.hear()
        self.synced.scan()
        self.synced.follow()
        self.synced.scan()
        on_disk = {
            os.path.relpath(os.path.join(place, name), self.synced.root): os.path.getsize(os.path.join(place, name))
            for place, _, names in os.walk(self.synced.root)
            for name in names
            if name.endswith(".mp3")
        }
        known = {known.file.path: known.file.size_bytes for known in self.synced.parts.library.page()}
        assert known == on_disk
        while (job := self.synced.claim()) is not None:
            self.analyzed.append(job.file.size_bytes)
            self.synced.finish(job, bpm=float(job.file.size_bytes))
        results = {result.path: result.rhythm and result.rhythm.bpm for result in self.parts.results()}
        assert results == on_disk, "a result belongs to other bytes"
        assert len(self.analyzed) == len(set(self.analyzed)), "the same bytes were analyzed twice"


TestFolder = Folder.TestCase
TestFolder.settings = settings(max_examples=examples(50), stateful_step_count=40)
