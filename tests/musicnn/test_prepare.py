"""`models prepare` from the published wheel: what it writes, that it keeps what is good, and how it fails."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from playlista.errors import ModelError
from playlista.musicnn import files
from playlista.musicnn.conversion.prepare import prepare_model


@pytest.fixture(scope="module")
def prepared(wheel_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model, prepared from the wheel. Tests that change it copy it."""
    folder = tmp_path_factory.mktemp("prepared") / "models"
    prepare_model(folder, wheel=wheel_path, say=lambda line: None)
    return folder


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The kernel refuses to let a file grow beyond `size` bytes, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_all_files_are_written_readable_for_all_with_nothing_left_over(prepared: Path) -> None:
    names = {files.GRAPH, files.ARRAYS, files.ONNX, files.LICENCE, files.MODEL.manifest}
    assert {path.name for path in prepared.iterdir()} == names
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in prepared.iterdir())


def test_the_manifest_says_what_it_is_where_it_came_from_and_how_to_run_it(prepared: Path) -> None:
    manifest = json.loads((prepared / files.MODEL.manifest).read_text())
    assert len(manifest["labels"]) == 50
    assert manifest["source"]["licence"] == "ISC"
    assert manifest["source"]["sha256"] == "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
    assert manifest["input"] == {"shape": ["batch", 187, 96], "tensorflow": "model/Placeholder", "onnx": "patches"}
    assert manifest["outputs"]["activations"]["tensorflow"] == "model/Sigmoid"
    assert manifest["outputs"]["embedding"]["tensorflow"] == "model/dense/BiasAdd"
    assert manifest["created_by"].keys() == {"playlista", "numpy", "python"}
    assert (prepared / files.LICENCE).read_text().startswith("Copyright (c) Music Technology Group")


def test_a_second_time_everything_is_kept_and_it_says_so(prepared: Path) -> None:
    before = {path: path.stat() for path in prepared.iterdir()}
    said: list[str] = []
    prepare_model(prepared, say=said.append)
    assert {path: path.stat() for path in prepared.iterdir()} == before
    (line,) = said
    assert "nothing to do" in line


def test_the_same_wheel_gives_the_same_bytes(prepared: Path, wheel_path: Path, tmp_path: Path) -> None:
    prepare_model(tmp_path, wheel=wheel_path, say=lambda line: None)
    for name in (files.GRAPH, files.ONNX, files.MODEL.manifest):
        assert (tmp_path / name).read_bytes() == (prepared / name).read_bytes()


def test_a_damaged_file_is_made_anew_and_it_says_why(wheel_path: Path, tmp_path: Path) -> None:
    prepare_model(tmp_path, wheel=wheel_path, say=lambda line: None)
    (tmp_path / files.GRAPH).write_bytes(b"damaged")
    said: list[str] = []
    assert prepare_model(tmp_path, wheel=wheel_path, say=said.append) is not None
    assert "is damaged" in said[0]
    assert (tmp_path / files.GRAPH).stat().st_size > 1_000_000


def test_without_onnx_no_onnx_file_is_written_and_asking_for_it_later_adds_it(wheel_path: Path, tmp_path: Path) -> None:
    assert prepare_model(tmp_path, wheel=wheel_path, onnx=False, say=lambda line: None).onnx is None
    assert prepare_model(tmp_path, wheel=wheel_path, onnx=True, say=lambda line: None).onnx is not None


def test_where_the_disk_has_no_room_it_is_one_line_and_no_half_file_stays(wheel_path: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(ModelError, match=r"cannot write the model to .+: .+; free some space") as caught,
        largest_file(100_000),
    ):
        prepare_model(tmp_path, wheel=wheel_path, say=lambda line: None)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_failed_second_attempt_leaves_no_manifest_that_promises_more_than_there_is(
    wheel_path: Path, tmp_path: Path
) -> None:
    prepare_model(tmp_path, wheel=wheel_path, say=lambda line: None)
    (tmp_path / files.ARRAYS).write_bytes(b"damaged")
    with pytest.raises(ModelError), largest_file(100_000):
        prepare_model(tmp_path, wheel=wheel_path, say=lambda line: None)
    assert files.ModelFiles.find(tmp_path) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_one_line(wheel_path: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ModelError, match="Permission denied"):
        prepare_model(tmp_path / "models", wheel=wheel_path, say=lambda line: None)


def test_a_file_in_the_place_of_the_folder_is_one_line(wheel_path: Path, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(ModelError, match=r"cannot (write|read)"):
        prepare_model(tmp_path / "models", wheel=wheel_path, say=lambda line: None)
