"""In which line of a TOML file a key stands, for error messages: ``tomllib`` does not say it.

Input: the text of a file that `tomllib` has read, the name of a table and of a key in it. Output: a line number.
"""

from __future__ import annotations

import re
import tomllib

_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)\s*=""")


def line_of(text: str, table: str | None, key: str | None) -> int | None:
    """The line of `key` in a table, or of the table itself where `key` is None; None where it was not found.

    Tables and keys that are written in another way than on lines of their own are not found.
    """
    current: str | None = None
    found: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            current = _table_in(line)
            if current is not None and current == table:
                found = number
        if key is not None and current == table and _key_in(line) == key:
            return number
    return found


def _table_in(line: str) -> str | None:
    try:
        return next(iter(tomllib.loads(line)), None)
    except tomllib.TOMLDecodeError:
        return None


def _key_in(line: str) -> str | None:
    found = _KEY.match(line)
    return None if found is None else found[1].strip("\"'")
