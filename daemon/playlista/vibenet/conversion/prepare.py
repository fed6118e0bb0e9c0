"""Makes VibeNet's file out of the published network.

Input: the ``vibenet`` wheel, given or fetched by pip. Output, in the models folder: ``vibenet.npz``, ``.LICENSE`` and,
written last, ``.json``. It needs numpy alone; the package is not installed, and nothing of it is run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playlista import __version__
from playlista.errors import ModelError
from playlista.models.wheels import OpenWheel, Published, fetch_published, open_published
from playlista.vibenet import files
from playlista.vibenet.conversion.network_file import network_file
from playlista.vibenet.files import VibenetFiles

PUBLISHED = Published(
    name="vibenet",
    version="0.1.0",
    sha256="3474fd65a9723f0f58f511e77d1641ea937f11b8d75e906bcda2da9cad3094f5",
    option="--mood-wheel FILE",
)
#: For people. The labels are what it was trained on, as far as its authors say.
SOURCE = {
    "package": PUBLISHED.name,
    "version": PUBLISHED.version,
    "sha256": PUBLISHED.sha256,
    "licence": "GPL-3.0-or-later",
    "labels": "Echo Nest's, of the data set FMA (Free Music Archive)",
}

_MODEL = "vibenet/artifacts/efficientnet_model.onnx"
_LICENCE_FILE = "vibenet-0.1.0.dist-info/LICENSE"


def prepare_vibenet(models_dir: Path, *, wheel: Path | None = None, say: Callable[[str], None]) -> VibenetFiles:
    """Have a good VibeNet in `models_dir`: keep the one that is there, or make it.

    Parameters
    ----------
    models_dir : made if absent.
    wheel : the ``vibenet`` 0.1.0 wheel where it cannot be fetched; by default the machine's own pip fetches it.
    say : takes a line about what is being done.

    Raises
    ------
    ModelError
        One line: no network, another wheel than the known one, a full disk, no right to write.
    """
    if kept := _kept(models_dir, say):
        say(f"mood model: {kept.arrays} is ready, its checksum is right; nothing to do")
        return kept
    with _source(wheel, say) as source:
        say("mood model: writing VibeNet in parts")
        contents = {
            files.ARRAYS: network_file(source.archive.read(_MODEL)),
            files.LICENCE: source.archive.read(_LICENCE_FILE),
        }
    files.MODEL.write(models_dir, contents, {"source": SOURCE, "created_by": {"playlista": __version__}})
    prepared = VibenetFiles.find(models_dir)
    if prepared is None:
        raise ModelError(f"the model files in {models_dir} vanished while they were written; try again")
    say(f"mood model: wrote {', '.join(sorted(prepared.checksums))} to {models_dir}; set MOOD_MODEL=vibenet to use it")
    return prepared


def _kept(models_dir: Path, say: Callable[[str], None]) -> VibenetFiles | None:
    try:
        return VibenetFiles.find(models_dir)
    except ModelError as error:
        say(f"mood model: {error}".split(";")[0] + "; making it anew")
        return None


def _source(path: Path | None, say: Callable[[str], None]) -> OpenWheel:
    if path is not None:
        say(f"mood model: taking the weights from {path}")
        return open_published(PUBLISHED, path)
    say(f"mood model: fetching {PUBLISHED.name} {PUBLISHED.version} with pip (16 MB)")
    return fetch_published(PUBLISHED)
