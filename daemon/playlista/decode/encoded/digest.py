"""The identity of encoded audio: the same on every machine, under any name, with any tags and pictures.

Input: an open file and its bytes in order, as they are read for another hash. Output: a kind and a hash. A decoder's
last bits differ between processors (MP3 with and without AVX, and on ARM); what it is fed with does not.
"""

from __future__ import annotations

from collections.abc import Iterator

from playlista.decode.byte_hash import ByteHash
from playlista.decode.encoded.audio import encoded_audio
from playlista.decode.encoded.spans import EncodedAudio, Span, UnknownStructureError

#: Kind of what cannot be told from its bytes: there the hash of the decoded sound has to do.
DECODED_KIND = "decoded/1"
#: Pages without sound in an Ogg film; more of them are no music but an attempt to keep us busy.
_MAX_EMPTY_SPANS = 300_000


class EncodedDigest:
    """Hashes the encoded audio of one open file while its bytes pass by.

    Raises
    ------
    OSError : from any method, where the file cannot be read.
    """

    def __init__(self, descriptor: int) -> None:
        self._is_known = True
        self._end = self._empty = 0
        self._span: Span | None = None
        try:
            audio = encoded_audio(descriptor)
        except UnknownStructureError:
            audio = EncodedAudio(DECODED_KIND, b"", ())
        self._kind = audio.kind
        self._spans: Iterator[Span] = iter(audio.spans)
        self._hash = ByteHash(f"{audio.kind}\n{len(audio.setup)}\n".encode() + audio.setup)
        self._advance()

    def update(self, piece: memoryview, position: int) -> None:
        """Take in the bytes of the file from `position` on, which follow those that were taken in before."""
        end = position + len(piece)
        while self._span is not None and self._span[0] < end:
            start, stop = self._span
            self._hash.update(piece[max(start, position) - position : min(stop, end) - position])
            if stop > end:
                return
            self._advance()

    def result(self) -> tuple[str, bytes | None]:
        """Kind and hash, once the whole file was taken in; of `DECODED_KIND` there is no hash."""
        if not self._is_known or self._span is not None or self._hash.length == 0:
            return DECODED_KIND, None
        return self._kind, self._hash.digest(self._hash.length.to_bytes(8, "little"))

    def _advance(self) -> None:
        """Go to the next span."""
        try:
            self._span = self._next()
        except UnknownStructureError:
            self._is_known, self._span = False, None

    def _next(self) -> Span | None:
        """The next span that is not empty; one that lies in front of the last would be read by nobody."""
        for span in self._spans:
            if not self._end <= span[0] <= span[1]:
                raise UnknownStructureError
            if span[0] < span[1]:
                self._end = span[1]
                return span
            self._empty += 1
            if self._empty > _MAX_EMPTY_SPANS:
                raise UnknownStructureError
        return None
