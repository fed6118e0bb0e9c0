"""The ffmpeg that makes the files of tests: always the static one of imageio-ffmpeg.

So the files are the same on every machine, and it starts in 12 ms of CPU, where one of a distribution takes 75 to load
its libraries. With which ffmpeg the product then reads them is the product's choice.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import imageio_ffmpeg


def ffmpeg(*arguments: object, check: bool = True) -> bytes:
    """What ffmpeg writes to its standard output; an existing file is replaced."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-y", "-v", "error", *map(str, arguments)]
    return subprocess.run(command, check=check, capture_output=True, timeout=600).stdout


def put_first_on_path(folder: Path) -> None:
    """Make the static ffmpeg the one that is found from here on, by way of a link in `folder`; without an ffprobe."""
    (folder / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    os.environ["PATH"] = os.pathsep.join((str(folder), os.environ.get("PATH", os.defpath)))
