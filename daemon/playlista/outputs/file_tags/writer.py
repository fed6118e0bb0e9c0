"""Writes tags into one music file: a copy is tagged, proven to sound the same, and put in place; or nothing is done.

Input: the path of a file, the fields, and what the library knows of the sound that they were measured on. Output: the
file with its tags, or one line that says why it is as it was. The order:

1. the file is one that may be written, and one that the tag library can rewrite;
2. its bytes are copied into the same folder, and decoded: the values must belong to this sound;
3. the copy is tagged and decoded again: it must sound the same, in two decoders;
4. it gets owner, rights and attributes, goes to the disk, and takes the file's place if nobody changed that meanwhile.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Any

from mutagen import MutagenError

from playlista.decode.content import hash_file
from playlista.decode.tag_reading import holds_more_than
from playlista.errors import Blame, Interrupted, PlaylistaError, TagRefusal, TrackError
from playlista.library.file_rows import as_stored, same_content
from playlista.outputs.file_tags import journal
from playlista.outputs.file_tags.fields import Fields
from playlista.outputs.file_tags.formats import open_tagged, write_fields
from playlista.outputs.file_tags.names import KeyNames
from playlista.outputs.file_tags.reading import Present, as_written, present_in
from playlista.outputs.file_tags.refusal import RefusedError, refusal_of
from playlista.outputs.file_tags.replacement import (
    CHANGED_MEANWHILE,
    Original,
    copy_bytes,
    keep_attributes,
    put_in_place,
)
from playlista.outputs.file_tags.sound import Bounds, Sound, sound_of
from playlista.outputs.file_tags.structure import require_rewritable
from playlista.system.descriptors import close_read
from playlista.tracks import TrackFile
from playlista.tracks.origin import Origin


@dataclass(frozen=True, slots=True)
class Measured:
    """The file and the sound that a result was measured on.

    file : its stamps as the library has them.
    music_hash : identity of its decoded sound; None where only a part of it was analyzed.
    encoded : identity of its encoded audio, which holds on other machines as well; None where that is not known.
    """

    file: TrackFile
    music_hash: str | None
    encoded: bytes | None = None


@dataclass(frozen=True, slots=True)
class Tagged:
    """A write that was done.

    original, status : what `stat` said of the file that was copied, and says of the one that took its place.
    origin : hashes of the bytes that were written.
    """

    original: os.stat_result
    status: os.stat_result
    origin: Origin


class TagWriter:
    """Writes tags into files, one after the other.

    Parameters
    ----------
    data_dir : where writes that are at work are noted.
    bounds : of decoding a file once.
    key_names : the comments that get the key.
    max_tag_bytes : tags that hold more are left alone, since the tag library loads them whole; None for no limit.
    """

    def __init__(
        self, data_dir: str, bounds: Bounds, *, key_names: KeyNames = "both", max_tag_bytes: int | None = None
    ) -> None:
        self._data_dir = data_dir
        self._bounds = bounds
        self._key_names = key_names
        self._max_tag_bytes = max_tag_bytes

    def write(self, path: str, fields: Fields, measured: Measured, *, present: Present | None = None) -> Tagged:
        """Put `fields` into the tags of the file at `path`. A symbolic link stays one, and its target is tagged.

        Parameters
        ----------
        present : our fields as they were in the file when `fields` were chosen; None where that does not matter.

        Raises
        ------
        RefusedError : one line with the reason; the file is as it was, or as another program left it.
        Interrupted : we are to stop; the file is as it was.
        """
        try:
            return self._write(os.path.realpath(path), fields, measured, present)
        except Interrupted:
            raise
        except Exception as error:
            # mutagen raises whatever its parsers stumble over, and no file may end the batch.
            raise RefusedError(f"{path}: not tagged: {_reason(error)}", _refusal(error)) from error

    def _write(self, target: str, fields: Fields, measured: Measured, present: Present | None) -> Tagged:
        descriptor = _opened(target)
        try:
            require_rewritable(descriptor)
            self._require_small_tags(descriptor)
            open_tagged(target)
            original = Original.of(descriptor)
            with journal.entered(self._data_dir, target, original) as copy:
                _copy(descriptor, copy, original)
                if present is not None and present_in(open_tagged(copy), copy, self._key_names) != present:
                    raise RefusedError(CHANGED_MEANWHILE, TagRefusal.IN_USE)
                before, status = sound_of(copy, self._bounds), os.fstat(descriptor)
                _require_measured(copy, before, status, measured)
                self._tag(copy, fields, before)
                origin = hash_file(copy)
                made = _finish(descriptor, copy)
                put_in_place(copy, target, descriptor, original)
                return Tagged(status, _found_again(target, made), origin)
        finally:
            close_read(descriptor)

    def _require_small_tags(self, descriptor: int) -> None:
        if self._max_tag_bytes is not None and holds_more_than(descriptor, self._max_tag_bytes):
            message = f"its tags hold more than {self._max_tag_bytes >> 20} MB; `playlista tag --write` does it"
            raise RefusedError(message, TagRefusal.TAGS_TOO_LARGE)

    def _tag(self, copy: str, fields: Fields, before: Sound) -> None:
        """Tag the copy, which has to sound as `before` and to read back as it was written."""
        expected = as_written(open_tagged(copy), copy, fields)
        write_fields(copy, fields, key_names=self._key_names)
        if sound_of(copy, self._bounds) != before:
            raise RefusedError("the tagged copy does not decode to the same sound", TagRefusal.SOUND_CHANGED)
        found = present_in(open_tagged(copy), copy, self._key_names)
        if lost := [field for field, text in expected.items() if found.get(field) != frozenset({text})]:
            raise RefusedError(f"its {lost[0]} would not read back as it was written", TagRefusal.FORMAT)


def opened_for_tags(path: str, key_names: KeyNames = "both") -> tuple[Any, Present]:
    """The file at `path` as mutagen has it, and our fields in it.

    Raises
    ------
    RefusedError : its tags cannot be read, in one line that names the file.
    """
    try:
        file = open_tagged(path)
        return file, present_in(file, path, key_names)
    except RefusedError as error:  # which knows the format and not the file
        raise RefusedError(f"{path}: {error}", error.refusal) from error
    except Exception as error:  # mutagen raises whatever its parsers stumble over, and no file may end the batch
        what = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise RefusedError(f"{path}: its tags cannot be read ({what})", refusal_of(error)) from error


def _opened(target: str) -> int:
    """A descriptor of a file that may be replaced, open for reading.

    Raises
    ------
    RefusedError, OSError : it may not.
    """
    status = os.stat(target)
    if not stat.S_ISREG(status.st_mode):
        raise RefusedError("is no file", TagRefusal.FORMAT)
    if status.st_nlink > 1:
        message = f"has {status.st_nlink} names (hard links); writing would replace only one of them"
        raise RefusedError(message, TagRefusal.HARD_LINKS)
    quietly = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    os.close(os.open(target, os.O_RDWR | quietly))  # for the rights: the file itself is never written
    return os.open(target, os.O_RDONLY | quietly)


def _copy(descriptor: int, copy: str, original: Original) -> None:
    made = os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        copy_bytes(descriptor, made)
        if Original.of(made).digest != original.digest:
            raise RefusedError(CHANGED_MEANWHILE, TagRefusal.IN_USE)
    finally:
        os.close(made)


def _finish(descriptor: int, copy: str) -> os.stat_result:
    """Give the tagged copy what the original has, and put it onto the disk; what `stat` says of it then."""
    made = os.open(copy, os.O_RDWR | os.O_CLOEXEC)
    try:
        keep_attributes(descriptor, made)
        os.fsync(made)
        return os.fstat(made)
    finally:
        os.close(made)


def _found_again(target: str, made: os.stat_result) -> os.stat_result:
    """What `stat` says of the file at `target`, which was just put there; its ctime is of the move."""
    status = os.stat(target)
    stamps = [(one.st_ino, one.st_size, one.st_mtime_ns) for one in (status, made)]
    return status if stamps[0] == stamps[1] else made


def _require_measured(copy: str, sound: Sound, status: os.stat_result, measured: Measured) -> None:
    """Return where the values were measured on this sound; by the file's stamps where not all of it was heard.

    Another machine decodes the same MP3 to other last bits: there the encoded audio has to be the same.
    """
    if measured.music_hash is not None:
        is_same = sound.music_hash == measured.music_hash or (
            measured.encoded is not None and hash_file(copy).encoded == measured.encoded
        )
    else:
        is_same = same_content(measured.file, as_stored(TrackFile.from_stat(measured.file.path, status)))
    if not is_same:
        message = "is not the sound that was analyzed; the daemon or `playlista retry` analyzes it anew"
        raise RefusedError(message, TagRefusal.OTHER_SOUND)


def _refusal(error: Exception) -> TagRefusal:
    if isinstance(error, TrackError):
        return TagRefusal.FORMAT if error.blame is Blame.TRACK else TagRefusal.STORAGE
    return TagRefusal.FORMAT if not isinstance(error, (OSError, PlaylistaError)) else refusal_of(error)


def _reason(error: Exception) -> str:
    """`error` in one line that does not name the copy."""
    if isinstance(error, PlaylistaError):
        text = getattr(error, "message", str(error))
    elif isinstance(error, OSError):
        text = error.strerror or str(error)
    elif isinstance(error, MutagenError) and str(error) and journal.COPY_PREFIX not in str(error):
        text = str(error)
    else:
        text = f"the tag library failed on it ({type(error).__name__})"
    return " ".join(str(text).split())
