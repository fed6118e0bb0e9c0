"""How AudioMuse-AI's parameters are read: what is out of range or no number is put right, where ours are refused.

Its plugins send what a player asked for, such as 500 tracks, and expect as many as there may be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

#: A longer text is no number that anybody means.
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Clamped:
    """A whole number, put into `low` to `high`; `default` when absent or no number."""

    low: int
    high: int
    default: int

    def read(self, _name: str, text: str | None) -> int:
        """The number."""
        return self.of(int(text)) if text is not None and _NUMBER.fullmatch(text) else self.default

    def of(self, value: object) -> int:
        """A value of a JSON document as such a number."""
        if isinstance(value, bool) or not isinstance(value, int):
            return self.default
        return max(self.low, min(self.high, value))

    def schema(self) -> dict[str, Any]:
        """Any number."""
        return {"type": "integer", "default": self.default}


@dataclass(frozen=True, slots=True)
class Flag:
    """True for "true" in any case; `default` when absent."""

    default: bool

    def read(self, _name: str, text: str | None) -> bool:
        """Whether it is switched on."""
        return self.default if text is None else text.lower() == "true"

    def schema(self) -> dict[str, Any]:
        """True or false."""
        return {"type": "boolean", "default": self.default}
