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

from mutagen import MutagenError

from playlista.decode.content import hash_file
from playlista.errors import PlaylistaError
from playlista.library.file_rows import as_stored, same_content
from playlista.outputs.file_tags import journal
from playlista.outputs.file_tags.fields import Fields
from playlista.outputs.file_tags.formats import open_tagged, write_fields
from playlista.outputs.file_tags.replacement import (
    CHANGED_MEANWHILE,
    Original,
    copy_bytes,
    keep_attributes,
    put_in_place,
)
from playlista.outputs.file_tags.sound import Sound, sound_of
from playlista.outputs.file_tags.structure import require_rewritable
from playlista.tracks import TrackFile


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


class TagWriter:
    """Writes tags into files, one after the other.

    Parameters
    ----------
    data_dir : where writes that are at work are noted.
    timeout_seconds : wall time for decoding a file once.
    """

    def __init__(self, data_dir: str, timeout_seconds: float) -> None:
        self._data_dir = data_dir
        self._timeout_seconds = timeout_seconds

    def write(self, path: str, fields: Fields, measured: Measured) -> None:
        """Put `fields` into the tags of the file at `path`. A symbolic link stays one, and its target is tagged.

        Raises
        ------
        PlaylistaError : one line with the reason; the file is as it was, or as another program left it.
        """
        try:
            self._write(os.path.realpath(path), fields, measured)
        except Exception as error:
            # mutagen raises whatever its parsers stumble over, and no file may end the batch.
            raise PlaylistaError(f"{path}: not tagged: {_reason(error)}") from error

    def _write(self, target: str, fields: Fields, measured: Measured) -> None:
        descriptor = _opened(target)
        try:
            require_rewritable(descriptor)
            open_tagged(target)
            original = Original.of(descriptor)
            with journal.entered(self._data_dir, target, original) as copy:
                _copy(descriptor, copy, original)
                before = sound_of(copy, self._timeout_seconds)
                _require_measured(copy, before, os.fstat(descriptor), measured)
                self._tag(copy, fields, before)
                _finish(descriptor, copy)
                put_in_place(copy, target, descriptor, original)
        finally:
            os.close(descriptor)

    def _tag(self, copy: str, fields: Fields, before: Sound) -> None:
        """Tag the copy, which has to sound as `before`."""
        write_fields(copy, fields)
        if sound_of(copy, self._timeout_seconds) != before:
            raise PlaylistaError("the tagged copy does not decode to the same sound")


def _opened(target: str) -> int:
    """A descriptor of a file that may be replaced, open for reading.

    Raises
    ------
    PlaylistaError, OSError : it may not.
    """
    status = os.stat(target)
    if not stat.S_ISREG(status.st_mode):
        raise PlaylistaError("is no file")
    if status.st_nlink > 1:
        raise PlaylistaError(f"has {status.st_nlink} names (hard links); writing would replace only one of them")
    quietly = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    os.close(os.open(target, os.O_RDWR | quietly))  # for the rights: the file itself is never written
    return os.open(target, os.O_RDONLY | quietly)


def _copy(descriptor: int, copy: str, original: Original) -> None:
    made = os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        copy_bytes(descriptor, made)
        if Original.of(made).digest != original.digest:
            raise PlaylistaError(CHANGED_MEANWHILE)
    finally:
        os.close(made)


def _finish(descriptor: int, copy: str) -> None:
    """Give the tagged copy what the original has, and put it onto the disk."""
    made = os.open(copy, os.O_RDWR | os.O_CLOEXEC)
    try:
        keep_attributes(descriptor, made)
        os.fsync(made)
    finally:
        os.close(made)


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
        raise PlaylistaError("is not the sound that was analyzed; the daemon or `playlista retry` analyzes it anew")


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
