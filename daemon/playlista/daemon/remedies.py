"""What to do about each reason for which a track fails, and whether another try alone may help.

Input: a reason. Output: a sentence for people, which stands after the reason.
"""

from __future__ import annotations

from playlista.errors import FailureReason

REMEDIES: dict[FailureReason, str] = {
    FailureReason.UNREADABLE: "Check the disk or share. It is tried again by itself when it can be read.",
    FailureReason.EMPTY: "Replace the file or delete it.",
    FailureReason.NOT_AUDIO: "Replace the file, or leave it out (WATCH_IGNORE).",
    FailureReason.CORRUPT: "Replace the file with a good copy.",
    FailureReason.DECODE_TIMEOUT: "Raise TRACK_TIMEOUT_SECONDS if the machine is slow, then retry.",
    FailureReason.OVER_BUDGET: "Raise the memory limit or MEMORY_OPTIMIZED_MAX_MB_PER_TRACK, then retry.",
    FailureReason.PERMISSION_DENIED: "Let the user of Playlista read the file. The next scan tries it again.",
    FailureReason.VANISHED: "It was gone when it was its turn. Nothing is to be done if you removed it.",
    FailureReason.CRASHED: "It ended the process. Raise the memory limit, then retry, or report the file.",
    FailureReason.INTERNAL: "A fault of Playlista: the log says more. Report it; retry after an update.",
}

#: What may end otherwise on the same bytes.
RETRYABLE = frozenset(FailureReason) - {FailureReason.EMPTY, FailureReason.NOT_AUDIO, FailureReason.CORRUPT}


def remedy_of(reason: FailureReason | None) -> str | None:
    """What to do; None where nothing failed."""
    return None if reason is None else REMEDIES[reason]
