"""The accumulator of tags as the settings and the machine allow it, or the reason why there is none.

Input: settings and limits. Output: a ``Tagger``. A model that is absent, damaged or cannot be carried here
never stops the program: the other features are computed, and the reason is said once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playlista.config import Settings
from playlista.errors import ModelError
from playlista.features.tags.accumulator import TagsAccumulator
from playlista.memory.cgroup import Cgroup
from playlista.musicnn.choice import choose_runtime
from playlista.musicnn.files import ModelFiles
from playlista.musicnn.runtimes.restartable import RestartableRuntime
from playlista.musicnn.runtimes.runtime import TaggerRuntime, installed_runtimes, load_runtime
from playlista.native.library import choose_kernels
from playlista.system.native_stderr import notices_withheld
from playlista.system.processor import cpu_flags


@dataclass(frozen=True, slots=True)
class Tagger:
    """What computes tags.

    accumulator : None where tracks get no tags.
    runtime : its name, "off" where there is none.
    why : the choice in words.
    is_wanted : False only where MUSICNN_RUNTIME is off; true with no accumulator means that something is missing.
    unload : gives the model up until the next inference, and tells the bytes that this returned; None without a model.
    """

    accumulator: TagsAccumulator | None
    runtime: str
    why: str
    is_wanted: bool = True
    unload: Callable[[], int] | None = None


def load_tagger(settings: Settings, cgroup: Cgroup) -> Tagger:
    """Choose a runtime and start it on the prepared model.

    Raises
    ------
    ModelError : a runtime was asked for by name and cannot be had here.
    """
    choice = choose_runtime(
        settings.musicnn_runtime,
        limit_bytes=cgroup.memory_limit().bytes,
        installed=installed_runtimes(),
        cpu_flags=cpu_flags(),
    )
    if choice.name is None:
        return Tagger(None, "off", choice.why, is_wanted=settings.musicnn_runtime != "off")
    try:
        files = ModelFiles.find(settings.models_path)
    except ModelError as error:
        return Tagger(None, "off", str(error))
    if files is None:
        return Tagger(None, "off", f"no model in {settings.models_path}; run: playlista models prepare")
    runtime = _started(choice.name, files, settings.inference_threads(cgroup.cpu_threads()))
    accumulator = TagsAccumulator(
        runtime,
        files.labels,
        patch_hop_frames=settings.musicnn_patch_hop_frames,
        batch_size=settings.musicnn_batch_size,
        kernels=choose_kernels(settings.native_kernels).kernels,
    )
    return Tagger(accumulator, choice.name, choice.why, unload=runtime.unload)


def _started(name: str, files: ModelFiles, threads: int) -> RestartableRuntime:
    def start() -> TaggerRuntime:
        with notices_withheld():
            return load_runtime(name, files, threads)

    return RestartableRuntime(start)
