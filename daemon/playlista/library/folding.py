"""Texts folded for sorting and comparing: "Björk" and "BJORK" are one artist.

Input: a name. Output: a key of bounded length in which case and accents do not count.
"""

from __future__ import annotations

import re
import unicodedata

#: Longest key, in characters. Names that agree so far are one.
MAX_KEY = 120

#: Combining marks of Latin, Greek and Cyrillic. Those of other scripts make other letters of theirs.
_ACCENTS = re.compile(r"[\u0300-\u036f]+")


#: What stands for bytes that were not UTF-8, of which SQLite makes no text.
_SURROGATES = re.compile("[\ud800-\udfff]")


def folded(text: str | None) -> str:
    """The key of a name; "" for none."""
    if not text:
        return ""
    if text.isascii():
        plain = text.lower()
    else:
        plain = unicodedata.normalize("NFKD", as_unicode(text))
        plain = unicodedata.normalize("NFC", _ACCENTS.sub("", plain)).casefold()
    return " ".join(plain.split())[:MAX_KEY]


def as_unicode(text: str) -> str:
    """`text` with a replacement character for each byte that was not UTF-8: SQLite takes no other."""
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
