"""A library of real files with results, and a keeper of their tags."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import mutagen

from playlista.config import Settings
from playlista.daemon.tag_keeper import TagKeeper
from playlista.decode.content import hash_file
from playlista.outputs.file_tags.sound import Bounds, sound_of
from playlista.outputs.file_tags.writer import TagWriter
from playlista.system.callbacks import noop
from playlista.tracks import Analysis, TrackFile
from playlista.tracks.metadata import Metadata
from tests.libraries import Parts, analysis_of

BOUNDS = Bounds(60.0)


@dataclass
class TaggedLibrary:
    """Files below `music` with results in `parts`, and what became of their tags."""

    parts: Parts
    music: Path
    data: Path
    outcomes: Counter[str] = field(default_factory=Counter)

    def keeper(self, *, stop: Callable[[], bool] = noop, **settings: object) -> TagKeeper:
        """A keeper that begins with these settings."""
        chosen = Settings(music_dir=self.music, data_dir=self.data, **{"tag_write": ("bpm",), **settings})
        keeper = TagKeeper(
            chosen,
            self.parts.database,
            self.parts.store,
            TagWriter(os.fspath(self.data), replace(BOUNDS, stop=stop), key_names=chosen.tag_key_names),
            ended=lambda outcome: self.outcomes.update([outcome]),
            clock=self.parts.clock,
        )
        keeper.begin()
        return keeper

    def keep(self, **settings: object) -> Counter[str]:
        """Work until nothing is due; what became of the files."""
        self.outcomes.clear()
        keeper = self.keeper(**settings)
        while keeper.work(noop):
            pass
        return Counter(self.outcomes)

    def add(self, path: Path, *, names: Metadata | None = None, **changed: object) -> Analysis:
        """The file at `path` was analyzed, with the values that are `changed`."""
        name, names = self._name(path), names or Metadata(title=path.stem)
        analysis = replace(
            analysis_of(name, bpm=127.98, music_hash=sound_of(os.fspath(path), BOUNDS).music_hash),
            metadata=names.completed(name),
            **changed,
        )
        self._finish(path, analysis)
        return analysis

    def noticed(self, path: Path) -> None:
        """Another program changed the tags of the file at `path`, and the daemon has taken that in."""
        stored = self.parts.store.get(self._name(path))
        assert stored is not None
        self._finish(path, stored)

    def _name(self, path: Path) -> str:
        return os.fspath(path.relative_to(self.music))

    def _finish(self, path: Path, analysis: Analysis) -> None:
        self.parts.clock.now += 1
        seen = TrackFile.from_stat(analysis.path, path.stat())
        self.parts.queue.enqueue([seen], "retry")
        job = self.parts.queue.claim()
        assert job is not None
        analysis = replace(analysis, origin=hash_file(os.fspath(path)))
        assert self.parts.queue.finish(job, analysis, seen=seen)


def comment(path: Path, name: str) -> str | None:
    """The Vorbis comment of this name, or None."""
    found = mutagen.File(path).get(name)
    return found[0] if found else None
