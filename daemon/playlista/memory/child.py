"""How much memory an ffmpeg child may allocate, by what is free under the real limit.

Input is free memory. Output is a limit for RLIMIT_DATA, which counts what a process has asked for, touched or not.
"""

from __future__ import annotations

from playlista.system.units import MEBIBYTE

#: What a child asks for and never touches, most of it the stacks of its threads. Measured as VmData less RssAnon while
#: it decodes AAC: 25 MB in Debian's ffmpeg 5.1, 50 MB in imageio-ffmpeg's static 9.0.
UNTOUCHED_BYTES = 56 * MEBIBYTE
#: What it touches: 8 to 11 MB there, more in tags with large text, other codecs, high rates.
NEED_BYTES = 16 * MEBIBYTE
#: No music needs more.
LARGEST_BYTES = 256 * MEBIBYTE


def child_limit(free_bytes: int) -> int:
    """The limit where so much is free; never less than what a child needs to start and decode.

    Admission has reserved `NEED_BYTES`; where memory runs out all the same, the kernel kills the child, not the daemon.
    """
    return min(LARGEST_BYTES, UNTOUCHED_BYTES + max(NEED_BYTES, free_bytes))
