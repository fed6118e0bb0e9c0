"""What becomes of the tags of one file: looked at, chosen by the rules, written, and put down as ours.

Input: a track of the library with its result, and what is wanted. Output: the file with its tags and the library's note
of them, or why not. The daemon and the command ``tag`` do the same, by this.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from playlista.errors import Interrupted
from playlista.library.files import KnownFile
from playlista.library.written_tags import OurTags, WrittenTags
from playlista.outputs.file_tags.choice import Overwrite, choose
from playlista.outputs.file_tags.fields import GROUPS, Fields
from playlista.outputs.file_tags.names import KeyNames
from playlista.outputs.file_tags.reading import Present, as_written
from playlista.outputs.file_tags.refusal import RefusedError
from playlista.outputs.file_tags.writer import Measured, TagWriter, opened_for_tags
from playlista.tracks import Analysis, Status, TrackFile

#: So often a value of ours that another program undid is written again; then it is left to that program.
MOST_REWRITES = 3


def is_taggable(analysis: Analysis) -> bool:
    """Whether its values are those of the whole track; of a partial one they are of what could be heard."""
    return analysis.status is Status.ANALYZED


@dataclass(frozen=True, slots=True)
class TagPlan:
    """What would be written into one file.

    fields : with the digits that we know; a format may hold fewer.
    as_written : the same as they will read back.
    present : our fields as they are in the file now.
    kept : fields that another program wrote, and that are left to it.
    contested : fields that another program undid too often.
    rewrites : by field how often it has to be written again, this time included.
    """

    fields: Fields
    as_written: Fields
    present: Present
    kept: frozenset[str]
    contested: frozenset[str]
    rewrites: Mapping[str, int]


class Tagging:
    """Tags the files of one library by one set of rules.

    Parameters
    ----------
    music_dir : absolute path of the music folder.
    ours : what we wrote before.
    most_rewrites : None for no bound, where somebody asks for it by hand.
    """

    def __init__(
        self,
        music_dir: str,
        ours: WrittenTags,
        *,
        overwrite: Overwrite,
        key_names: KeyNames,
        most_rewrites: int | None = MOST_REWRITES,
    ) -> None:
        self._music_dir = music_dir
        self._ours = ours
        self._overwrite: Overwrite = overwrite
        self._key_names: KeyNames = key_names
        self._most_rewrites = most_rewrites

    def plan(self, known: KnownFile, fields: Fields) -> TagPlan:
        """Look at a file and choose from `fields`, which are what we would write.

        Raises
        ------
        RefusedError : its tags cannot be read.
        """
        path, ours = self._path(known), self._ours.of_file(known.file_id)
        file, present = opened_for_tags(path, self._key_names)
        wanted = as_written(file, path, fields)
        choice = choose(wanted, present, ours.values, self._overwrite)
        rewrites = {field: self._rewrites(field, wanted[field], ours) for field in choice.write}
        contested = frozenset() if self._most_rewrites is None else _contested(rewrites, self._most_rewrites)
        written = choice.write - contested
        return TagPlan(
            {field: text for field, text in fields.items() if field in written},
            {field: wanted[field] for field in written},
            present,
            choice.kept,
            contested,
            {field: rewrites[field] for field in written},
        )

    def write(self, known: KnownFile, analysis: Analysis, plan: TagPlan, writer: TagWriter) -> None:
        """Write by `plan`, and put down what is ours.

        Raises
        ------
        RefusedError : the file is as it was, or as another program left it.
        Interrupted : we are to stop; the file is as it was.
        """
        measured = Measured(known.file, analysis.music_hash, analysis.origin.encoded)
        self._ours.begin(known.file_id, plan.as_written)
        try:
            tagged = writer.write(self._path(known), plan.fields, measured, present=plan.present)
        except (RefusedError, Interrupted):
            self._ours.undo(known.file_id)
            raise
        original, written = (TrackFile.from_stat(known.file.path, one) for one in (tagged.original, tagged.status))
        self._ours.end(known.file_id, original, written, tagged.origin, plan.rewrites)

    def _path(self, known: KnownFile) -> str:
        return os.path.join(self._music_dir, known.file.path)

    def _rewrites(self, field: str, text: str, ours: OurTags) -> int:
        """How often `text` was written again, if it is now: it is ours already, and yet does not stand in the file."""
        if self._most_rewrites is None or ours.last.get(field) != text:
            return 0
        return ours.rewrites.get(field, 0) + 1


def _contested(rewrites: Mapping[str, int], most: int) -> frozenset[str]:
    """The fields of the groups of which one was undone too often."""
    groups = (group for group in GROUPS if any(rewrites.get(field, 0) > most for field in group))
    return frozenset(field for group in groups for field in group if field in rewrites)
