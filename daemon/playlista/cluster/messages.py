"""What the daemon and a worker say to each other: JSON texts both ways, never a pickled object.

Input: plain types. Output: texts, and plain types read from texts. Hashes are hexadecimal; a path that is no UTF-8
survives, since its escapes are ASCII in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from playlista.errors import Blame
from playlista.tracks import Analysis
from playlista.tracks.origin import Origin


class Refusal(StrEnum):
    """Why a worker does not serve a daemon or take a track, or why its answer is rejected: a closed list."""

    VERSION = "version"
    MODEL = "model"
    SETTINGS = "settings"
    MISSING = "missing"
    CHANGED = "changed"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Request:
    """One attempt that a worker is asked for.

    path : relative to the music folder. size_bytes, mtime_ns : what the daemon saw.
    groups : to compute in any case; None for what is needed.
    known : what is stored of this file, from `analysis_text`; None where nothing is.
    kinship : of the daemon, see ``kinship``; the digest alone.
    """

    path: str
    size_bytes: int
    mtime_ns: int
    attempts: int
    alone_reduced: bool
    groups: tuple[str, ...] | None
    known: str | None
    kinship: str

    def to_text(self) -> str:
        """As it is sent."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Request:
        """The inverse of `to_text`."""
        values = json.loads(text)
        groups = values.pop("groups")
        return cls(**values, groups=None if groups is None else tuple(groups))


@dataclass(frozen=True, slots=True)
class Answer:
    """How the attempt ended.

    refusal : the worker did not take the track, and why; `detail` says it for people.
    released : the worker is stopping and gives the track back.
    analysis : from `analysis_text`. has_result, kept, retryable, blame : see ``analysis.file_attempt``.
    """

    refusal: Refusal | None = None
    detail: str = ""
    released: bool = False
    analysis: str | None = None
    has_result: bool = False
    kept: bool = False
    retryable: bool = False
    blame: Blame = Blame.TRACK

    def to_text(self) -> str:
        """As it is sent."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Answer:
        """The inverse of `to_text`."""
        values: dict[str, Any] = json.loads(text)
        refusal, blame = values.pop("refusal"), Blame(values.pop("blame"))
        return cls(**values, refusal=None if refusal is None else Refusal(refusal), blame=blame)


def analysis_text(analysis: Analysis) -> str:
    """A result with what it was made from."""
    origin = {
        name: value.hex() if isinstance(value, bytes) else value for name, value in asdict(analysis.origin).items()
    }
    return json.dumps({"result": analysis.to_json(), "origin": origin})


def analysis_in(text: str) -> Analysis:
    """The inverse of `analysis_text`."""
    document = json.loads(text)
    return Analysis.from_json({**document["result"], "origin": _origin(document["origin"])})


def _origin(document: Mapping[str, str | None]) -> Origin:
    def of(name: str) -> bytes | None:
        text = document.get(name)
        return None if text is None else bytes.fromhex(text)

    return Origin(of("content"), of("sound"), of("opening"), document.get("encoded_kind"), of("encoded"))
