"""VibeNet as the settings and the machine allow it, or the reason why there is none.

Input: settings and the memory limit. Output: a ``MoodModel``. A network that is absent or damaged, or for which there
is too little memory, never stops the program: the other features are computed, and the reason is said once.
"""

from __future__ import annotations

from dataclasses import dataclass

from playlista.config import Settings
from playlista.errors import ModelError
from playlista.memory.cgroup import Cgroup
from playlista.musicnn.runtimes.runtime import installed_runtimes
from playlista.system.units import MEBIBYTE
from playlista.vibenet.arrays import REMEDY, NetworkFile
from playlista.vibenet.files import VibenetFiles, prepared_vibenet
from playlista.vibenet.network import VibeNet

#: With MusiCNN on ONNX Runtime and VibeNet, a cgroup was charged 101 MiB by `analyze` for ten minutes of music.
#: A daemon has 48 MiB more; the rest is for a large library and what the kernel counts.
NEEDS_MIB = 192


@dataclass(frozen=True, slots=True)
class MoodModel:
    """What computes the group ``vibenet``.

    network : None where tracks do not get it.
    why : the reason in words.
    is_wanted : False only where MOOD_MODEL is off; true without a network means that something is missing.
    """

    network: VibeNet | None
    why: str
    is_wanted: bool = True
    files: VibenetFiles | None = None


def load_mood_model(settings: Settings, cgroup: Cgroup) -> MoodModel:
    """Open the prepared network."""
    if settings.mood_model == "off":
        return MoodModel(None, "MOOD_MODEL=off", is_wanted=False)
    if why := obstacle(cgroup):
        return MoodModel(None, why)
    try:
        files = prepared_vibenet(settings)
        if files is None:
            return MoodModel(None, f"no VibeNet in {settings.models_path}; {REMEDY}")
        return MoodModel(VibeNet(NetworkFile(files.arrays)), f"VibeNet in {files.folder}", files=files)
    except ModelError as error:
        return MoodModel(None, str(error))


def obstacle(cgroup: Cgroup) -> str | None:
    """Why VibeNet cannot be had here whatever was prepared, in one line; None if it can."""
    if "onnx" not in installed_runtimes():
        return "MOOD_MODEL=vibenet: its package onnxruntime is not installed; install it or set MOOD_MODEL=off"
    limit_mib = cgroup.memory_limit().bytes // MEBIBYTE
    if limit_mib < NEEDS_MIB:
        return (
            f"MOOD_MODEL=vibenet: it needs {NEEDS_MIB} MiB, the limit is {limit_mib} MiB; "
            "raise the limit or set MOOD_MODEL=off"
        )
    return None
