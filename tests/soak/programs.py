"""What other programs do to music files: taggers, copiers, synchronizers, beets.

Input: files of a music folder. Output: the same files as those programs leave them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import mutagen
from mutagen.id3 import TIT2
from mutagen.mp4 import MP4

#: Behind the header of any WAV that ffmpeg writes.
_HEADER_BYTES = 128
#: Files that beets imports at a time.
IMPORTED_FILES = 5


def retag(path: Path, title: str) -> None:
    """Another title, in the way of the format."""
    file = mutagen.File(path)
    assert file is not None
    if file.tags is None:
        file.add_tags()
    if isinstance(file, MP4):
        file.tags["\xa9nam"] = [title]
    elif hasattr(file.tags, "add"):
        file.tags.add(TIT2(encoding=3, text=[title]))
    else:
        file.tags["title"] = [title]
    file.save()


def rename_and_retag(path: Path) -> None:
    """As an automatic tagger does it."""
    renamed = path.with_name(f"{path.stem} (tagged){path.suffix}")
    path.rename(renamed)
    retag(renamed, "two")


def copy_over(music: Path) -> None:
    """`cp -a music copy; rm -r music; mv copy music`, below the music folder."""
    for album in [entry for entry in music.iterdir() if entry.is_dir()]:
        copy = album.with_name(f"{album.name} copy")
        shutil.copytree(album, copy)
        shutil.rmtree(album)
        copy.rename(album)


def mp3gain(paths: Sequence[Path]) -> None:
    """One step louder, in place, with the time stamp kept."""
    if paths:
        subprocess.run(["mp3gain", "-q", "-p", "-T", "-g", "1", *map(str, paths)], check=True, capture_output=True)


def invert(path: Path) -> None:
    """Every bit of the second half of the samples the other way round; size and time stay."""
    status = path.stat()
    begin = max(_HEADER_BYTES, status.st_size // 4 * 2)
    with path.open("r+b") as file:
        file.seek(begin)
        samples = file.read()
        file.seek(begin)
        file.write(bytes(255 - byte for byte in samples))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def swap(paths: Sequence[Path]) -> None:
    """Each pair of files gets each other's name."""
    for one, other in zip(paths[::2], paths[1::2], strict=False):
        aside = one.with_suffix(".aside")
        one.rename(aside)
        other.rename(one)
        aside.rename(other)


def rsync(music: Path, *options: str) -> None:
    """Every file is sent back from a copy, whether it differs or not."""
    copy = music.with_name("backup")
    shutil.copytree(music, copy)
    subprocess.run(["rsync", "-a", "--ignore-times", *options, f"{copy}/", f"{music}/"], check=True)
    shutil.rmtree(copy)


def sync_in(path: Path) -> None:
    """The same bytes arrive under a temporary name and take the file's place."""
    arriving = path.with_name(f".syncthing.{path.name}.tmp")
    shutil.copyfile(path, arriving)
    arriving.replace(path)


def beets_import(music: Path, way: str) -> None:
    """Some files, with beets' own tags, into a folder of beets below the music folder."""
    home = music.with_name("beets")
    home.mkdir(exist_ok=True)
    ways = "\n".join(f"  {name}: {'yes' if name == way else 'no'}" for name in ("copy", "move", "hardlink"))
    # beets does not write into hard links, which would change the original, too.
    write = "no" if way == "hardlink" else "yes"
    (home / "config.yaml").write_text(
        f"directory: {music / 'Beets' / way}\nlibrary: {home / way}.db\nimport:\n{ways}\n  write: {write}\n"
        "  autotag: no\n  quiet: yes\n  duplicate_action: keep\n"
    )
    album = min(music.glob("Album*"))
    paths = [str(path) for path in islice(sorted(album.iterdir()), IMPORTED_FILES)]
    subprocess.run(
        [sys.executable, "-m", "beets", "-c", str(home / "config.yaml"), "import", "-qA", "-s", *paths],
        env={**os.environ, "BEETSDIR": str(home)},
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )


def reorder(music: Path) -> None:
    """Every album into a folder of another name, and a level deeper."""
    for number, album in enumerate(sorted(entry for entry in music.iterdir() if entry.is_dir())):
        target = music / f"Shelf {number % 3}" / f"{number:02}"
        target.parent.mkdir(exist_ok=True)
        album.rename(target)
