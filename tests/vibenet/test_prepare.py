"""VibeNet is prepared from the very wheel that we know, kept while it is good, and made anew when it is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from playlista.analysis.mood_model import NEEDS_MIB, load_mood_model
from playlista.config import Settings
from playlista.errors import ModelError
from playlista.memory.cgroup import Cgroup
from playlista.vibenet.arrays import NetworkFile
from playlista.vibenet.conversion.network_file import network_file
from playlista.vibenet.conversion.prepare import prepare_vibenet
from playlista.vibenet.files import VibenetFiles


def silent(_line: str) -> None:
    """Nobody listens."""


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    """A copy of the prepared folder."""
    return shutil.copytree(prepared, tmp_path / "models")


def test_another_wheel_is_refused_with_the_option_that_gives_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "vibenet.whl").write_bytes(b"PK")
    with pytest.raises(ModelError, match=r"is not vibenet 0\.1\.0.+ --mood-wheel FILE"):
        prepare_vibenet(tmp_path / "models", wheel=tmp_path / "vibenet.whl", say=silent)
    assert not (tmp_path / "models").exists()


def test_what_is_prepared_says_where_it_comes_from_and_under_which_licence(folder: Path) -> None:
    files = VibenetFiles.find(folder)
    assert files is not None
    assert files.source["licence"] == "GPL-3.0-or-later"
    assert "GNU GENERAL PUBLIC LICENSE" in (folder / "vibenet.LICENSE").read_text()


def test_a_good_one_is_kept(folder: Path) -> None:
    before = (folder / "vibenet.npz").stat().st_mtime_ns
    said: list[str] = []
    prepare_vibenet(folder, wheel=Path("/nowhere"), say=said.append)
    assert (folder / "vibenet.npz").stat().st_mtime_ns == before
    assert "nothing to do" in said[0]


def test_a_damaged_one_is_made_anew(folder: Path, vibenet_wheel_path: Path) -> None:
    (folder / "vibenet.npz").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="is damaged"):
        VibenetFiles.find(folder)
    assert prepare_vibenet(folder, wheel=vibenet_wheel_path, say=silent) == VibenetFiles.find(folder)


def test_one_of_another_version_is_named(folder: Path) -> None:
    manifest = json.loads((folder / "vibenet.json").read_text())
    (folder / "vibenet.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(ModelError, match="another version of playlista; run: playlista models prepare --mood"):
        VibenetFiles.find(folder)


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\x3a\x00"])
def test_a_model_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="VibeNet"):
        network_file(content)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "vibenet.npz").write_bytes(b"no archive")
    with pytest.raises(ModelError, match=r"cannot read the model .+vibenet\.npz"):
        NetworkFile(tmp_path / "vibenet.npz")


def limited(root: Path, mib: int) -> Cgroup:
    """A machine with so much memory."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(f"MemTotal: {mib * 1024} kB\n")
    (root / "proc/self/cgroup").write_text("")
    return Cgroup(root)


def test_it_is_off_by_default(tmp_path: Path) -> None:
    model = load_mood_model(Settings(models_dir=tmp_path), Cgroup())
    assert (model.network, model.is_wanted) == (None, False)


def test_where_it_was_not_prepared_the_remedy_is_named(tmp_path: Path) -> None:
    model = load_mood_model(Settings(models_dir=tmp_path, mood_model="vibenet"), limited(tmp_path, 1024))
    assert model.network is None
    assert "run: playlista models prepare --mood" in model.why


def test_it_is_found_in_the_data_folder_where_the_models_belong_to_an_image(prepared: Path, tmp_path: Path) -> None:
    shutil.copytree(prepared, tmp_path / "data/models")
    settings = Settings(models_dir=tmp_path / "image", data_dir=tmp_path / "data", mood_model="vibenet")
    model = load_mood_model(settings, limited(tmp_path, 1024))
    assert model.network is not None, model.why


def test_where_memory_is_too_little_it_is_refused(tmp_path: Path) -> None:
    model = load_mood_model(Settings(models_dir=tmp_path, mood_model="vibenet"), limited(tmp_path, NEEDS_MIB - 1))
    assert (model.network, model.is_wanted) == (None, True)
    assert f"it needs {NEEDS_MIB} MiB, the limit is {NEEDS_MIB - 1} MiB" in model.why
