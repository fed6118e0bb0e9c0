"""What a result was made from: the hashes by which a file, its encoded audio and its sound are known again.

Input: hashes. Output: an ``Origin``, which each stored result has. They are computed in ``decode`` and compared in
``analysis.reuse``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Origin:
    """What a result was made from; each is a hash, or None where it is not known.

    content : of all bytes of the file, behind its `size_prefix`; see ``decode.content``.
    sound : of the decoded samples, all channels; None where the track was cut. See ``decode.identity``.
    opening : of the first seconds of the decoded samples; None of silence and of what is shorter.
    encoded_kind : by which rules `encoded` was made; None where the file was not read for it yet.
    encoded : of the encoded audio, the same on every machine; None where the structure of the file is not known, and
        `sound` has to do. See ``decode.encoded.digest``.
    """

    content: bytes | None = None
    sound: bytes | None = None
    opening: bytes | None = None
    encoded_kind: str | None = None
    encoded: bytes | None = None

    def read_from(self, file: Origin) -> Origin:
        """The same decoded sound, read from a file with these bytes and this encoded audio."""
        return replace(self, content=file.content, encoded_kind=file.encoded_kind, encoded=file.encoded)


def size_prefix(size_bytes: int) -> bytes:
    """How ``Origin.content`` begins for a file of this size, so that all of one size are a range of an index."""
    return size_bytes.to_bytes(8, "big")
