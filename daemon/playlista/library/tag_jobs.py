"""Files whose tags are to be looked at, because the daemon keeps them: the table ``tag_jobs``.

Input: what triggers ask for, see ``0014_file_tags.sql``: a new result, other names, another program's edit. Output: one
file at a time, and why files were left alone. An attempt is on the disk before a file is touched, so that a file at
which the process dies again and again is left alone as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from playlista.library.database import Database
from playlista.library.remembered import recall, remember

#: The fact that says what is written, so that other settings bring all files back; empty while nothing is.
PLAN_FACT = "tag_plan"

_DUE = """
    SELECT tag_jobs.file_id, asked_at, attempts, spread, refusal, detail FROM tag_jobs JOIN tracks USING (file_id)
    WHERE due_at <= ? AND tracks.tags_due = 0
      AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.file_id = tag_jobs.file_id)
    ORDER BY due_at, tag_jobs.file_id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class TagJob:
    """A file to be looked at.

    asked_at : when it was asked for first.
    attempts : writes that were begun on it and that the process did not survive.
    spread : whether the rest of its album is to be looked at if the gain of the album has changed.
    refusal, detail : why it was left alone the last time.
    """

    file_id: int
    asked_at: float
    attempts: int
    spread: bool
    refusal: str | None
    detail: str | None


class TagJobs:
    """The tag jobs of one library. Times are seconds since the epoch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def follow(self, plan: str) -> bool:
        """Write by this `plan` from now on; all tracks become due where it is another than before. Whether it was."""
        with self._database.transaction() as connection:
            if (recall(connection, PLAN_FACT) or "") == plan:
                return False
            remember(connection, PLAN_FACT, plan)
            connection.execute("DELETE FROM tag_jobs")
            if plan:
                connection.execute("INSERT INTO tag_jobs (file_id, due_at, spread) SELECT file_id, 0, 0 FROM tracks")
            return True

    def next(self, now: float) -> TagJob | None:
        """The next that is due: its result is up to date, and its names are read."""
        with self._database.read() as connection:
            row = connection.execute(_DUE, (now,)).fetchone()
        if row is None:
            return None
        return TagJob(
            file_id=row["file_id"],
            asked_at=row["asked_at"],
            attempts=row["attempts"],
            spread=bool(row["spread"]),
            refusal=row["refusal"],
            detail=row["detail"],
        )

    def begin(self, file_id: int) -> None:
        """Count an attempt."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE tag_jobs SET attempts = attempts + 1 WHERE file_id = ?", (file_id,))

    def done(self, file_id: int) -> None:
        """The file is as it should be."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM tag_jobs WHERE file_id = ?", (file_id,))

    def postpone(self, file_id: int, until: float) -> None:
        """Look at the file later; it is not at fault."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE tag_jobs SET due_at = ?, attempts = 0 WHERE file_id = ?", (until, file_id))

    def refuse(self, file_id: int, refusal: str, detail: str, *, until: float | None) -> None:
        """The file was left alone: until then, or until something changes."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE tag_jobs SET due_at = ?, attempts = 0, refusal = ?, detail = ? WHERE file_id = ?",
                (until, refusal, detail, file_id),
            )

    def look_at(self, file_ids: Iterable[int]) -> None:
        """Make these files due, if they are not; they bring no others."""
        with self._database.transaction() as connection:
            connection.executemany(
                """INSERT INTO tag_jobs (file_id, due_at, spread) VALUES (?, 0, 0)
                   ON CONFLICT DO UPDATE SET due_at = 0 WHERE refusal IS NULL""",
                ((file_id,) for file_id in file_ids),
            )


@dataclass(frozen=True, slots=True)
class TagCounts:
    """How many files are still to be looked at, and how many were left alone the last time, by reason.

    One that was left alone and is tried again later is not pending.
    """

    pending: int
    refused: dict[str, int]


def count_tag_jobs(database: Database) -> TagCounts:
    """The counts at this moment."""
    with database.read() as connection:
        (pending,) = connection.execute(
            "SELECT count(*) FROM tag_jobs WHERE due_at = 0 OR (due_at IS NOT NULL AND refusal IS NULL)"
        ).fetchone()
        refused = connection.execute(
            "SELECT refusal, count(*) FROM tag_jobs WHERE refusal IS NOT NULL GROUP BY refusal"
        ).fetchall()
    return TagCounts(int(pending), {row[0]: int(row[1]) for row in refused})
