"""What native libraries read once and for all, set before any of them is imported: threads, TensorFlow, malloc.

Input: the TensorFlow variables of the settings and the number of threads that the CPU quota allows. Output:
variables in ``os.environ``, and the same malloc settings put straight into the C library of this process.
Standard library only: this runs first.

**Who wins.** A variable that is already in the environment stays as it is. For the four that are settings too that
is the rule of all settings (the environment wins over the file); for the others it is the operator's word against
our default.

**malloc.** glibc reads ``MALLOC_ARENA_MAX`` and its kin when a process starts, which is before we do. Starting the
interpreter a second time would double the start-up, so ``mallopt`` is called instead, which is what glibc itself
does with those variables: measured, 16 threads then share 2 arenas where they had 16, either way. The variables are
set all the same, for the children (ffmpeg, the model's preparation). Elsewhere than on glibc there is nothing to tune.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Collection, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass

from playlista.errors import ConfigError

#: Modules that read their environment while they are imported, and never again.
NATIVE_MODULES = ("numpy", "essentia", "tensorflow", "onnxruntime", "soundfile", "soxr")

#: Thread pools that are as wide as the CPU quota: OpenMP and numexpr.
QUOTA_WIDE_VARIABLES = ("OMP_NUM_THREADS", "NUMEXPR_NUM_THREADS")

#: TensorFlow inside an op. One patch is too little work to share: on 2 idle cores our graph took 4.0 ms of wall
#: time with one thread and with two, but 4.0 CPU ms with one and 5.8 with two; 16 patches at once, 4.4 and 2.5 ms a
#: patch for the same CPU. So its width is the caller's choice, within the quota.
INFERENCE_VARIABLES = ("TF_NUM_INTRAOP_THREADS",)

#: Pools that stay at one, which no quota is below.
#:
#: BLAS: our matrices are small, and threads that wait for the next one spin. A patch of MusiCNN on numpy took 4 CPU ms
#: with one OpenBLAS thread and 46 with two, on a machine that had other work, too.
#: TensorFlow between ops: MusiCNN's branches side by side hold all their buffers at once and are no faster for it (the
#: published graph peaked at 155 MB with one, 195 with two, 273 with eight).
ONE_WIDE_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "TF_NUM_INTEROP_THREADS")


@dataclass(frozen=True, slots=True)
class MallocOption:
    """One of glibc's tunables: its variable, its number in ``malloc.h``, and the value that we choose."""

    variable: str
    parameter: int
    value: int


#: Two arenas instead of eight a core. The thresholds are pinned above what one inference allocates and frees, so that
#: it finds its buffers in the heap again: with the published graph 58 page faults a patch, where low thresholds (of
#: 128 KiB) give the pages to the system and fault 12,000 back in, for a third more CPU, and thresholds that adapt by
#: themselves still take 3,700. What stays in the heap during a track is returned by ``malloc_trim`` after it. 32 MiB is
#: the most that glibc accepts for the second.
MALLOC_OPTIONS = (
    MallocOption("MALLOC_ARENA_MAX", -8, 2),
    MallocOption("MALLOC_TRIM_THRESHOLD_", -1, 64 * 1024**2),
    MallocOption("MALLOC_MMAP_THRESHOLD_", -3, 32 * 1024**2),
)


@dataclass(frozen=True, slots=True)
class PreparedEnvironment:
    """What `prepare_environment` did: variables set, and variables found and kept."""

    set: Mapping[str, str]
    kept: Mapping[str, str]


def prepare_environment(
    values: Mapping[str, str],
    *,
    threads: int,
    inference_threads: int | None = None,
    environ: MutableMapping[str, str] = os.environ,
    imported: Collection[str] = sys.modules,
) -> PreparedEnvironment:
    """Set what native libraries read at import; call once, before any of them is imported.

    Parameters
    ----------
    values : variables from the settings (``TF_*``, ``CUDA_VISIBLE_DEVICES``) with their values.
    threads : what the CPU quota allows, at least 1.
    inference_threads : threads of one inference, if fewer; 1 is best where patches go one by one.
    environ : the environment to change.
    imported : names of the modules that are imported already.

    Raises
    ------
    ConfigError : a library that should read these values has been imported before.
    """
    early = [name for name in NATIVE_MODULES if name in imported]
    if early:
        raise ConfigError(f"environment: {', '.join(early)} imported before the environment was prepared; import later")
    inherited = frozenset(environ)
    wanted = {
        **values,
        **dict.fromkeys(QUOTA_WIDE_VARIABLES, str(threads)),
        **dict.fromkeys(INFERENCE_VARIABLES, str(min(threads, inference_threads or threads))),
        **dict.fromkeys(ONE_WIDE_VARIABLES, "1"),
        **{option.variable: str(option.value) for option in MALLOC_OPTIONS},
    }
    kept = {name: environ[name] for name in wanted if name in inherited}
    chosen = {name: value for name, value in wanted.items() if name not in inherited}
    environ.update(chosen)
    _tune_malloc([option for option in MALLOC_OPTIONS if option.variable not in inherited])
    return PreparedEnvironment(chosen, kept)


def _tune_malloc(options: Collection[MallocOption]) -> None:
    """Hand `options` to this process's malloc, where it is glibc's; an option that it refuses changes nothing."""
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        for option in options:
            mallopt(option.parameter, option.value)
