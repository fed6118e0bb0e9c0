"""What became of a track that was to be tagged, for people and for scripts.

Input: outcomes, one after the other. Output: a line for each, or an object of JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import typer

from playlista.cli.terminal import printable, write_json_line, write_line


class Done(StrEnum):
    """What became of one track."""

    WOULD_WRITE = "would write"
    WROTE = "wrote"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TagOutcome:
    """What was done to one track, or would be.

    fields : texts that were written, or would be, by field.
    kept : fields that are left as another program wrote them.
    error : why it failed; None where it did not.
    """

    path: str
    done: Done
    fields: dict[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    error: str | None = None

    @property
    def shown(self) -> str:
        """The fields in one line."""
        written = ", ".join(f"{name}={text}" for name, text in self.fields.items())
        return written or (", ".join(self.kept) if self.done is Done.KEPT else "")


def show_outcomes(outcomes: Iterable[TagOutcome], *, as_json: bool) -> int:
    """Show each outcome as soon as it is there, failures on stderr unless `as_json`; how many failed."""
    show = _show_json if as_json else _show_line
    failures = 0
    for outcome in outcomes:
        failures += outcome.done is Done.FAILED
        show(outcome)
    return failures


def _show_line(outcome: TagOutcome) -> None:
    if outcome.error is not None:
        typer.echo(f"playlista: {printable(outcome.error)}", err=True)
        return
    write_line(f"{outcome.done}  {printable(outcome.path)}  {outcome.shown}".rstrip())


def _show_json(outcome: TagOutcome) -> None:
    write_json_line(
        {
            "path": outcome.path,
            "result": outcome.done.replace(" ", "_"),
            "fields": outcome.fields,
            "kept": list(outcome.kept),
            "error": outcome.error,
        }
    )
