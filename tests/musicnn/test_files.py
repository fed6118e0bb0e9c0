"""A prepared model is found only as it was written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from playlista.errors import ModelError
from playlista.musicnn import files
from playlista.musicnn.files import ModelFiles

CONTENTS = {files.GRAPH: b"graph", files.ARRAYS: b"arrays", files.LICENCE: b"ISC"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a whole model."""
    return write(tmp_path, CONTENTS)


def write(folder: Path, contents: dict[str, bytes], **changes: object) -> Path:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    manifest = {
        "format": files.MODEL.format,
        "labels": ["rock", "pop"],
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
        "source": {"package": "musicnn", "version": "0.1.0"},
    }
    (folder / files.MODEL.manifest).write_text(json.dumps(manifest | changes))
    return folder


def test_a_whole_model_is_found_with_its_labels_and_source(folder: Path) -> None:
    found = ModelFiles.find(folder)
    assert found is not None
    assert found.labels == ("rock", "pop")
    assert found.source["version"] == "0.1.0"
    assert (found.graph, found.arrays, found.onnx) == (folder / files.GRAPH, folder / files.ARRAYS, None)


def test_the_onnx_file_is_found_where_it_was_written(tmp_path: Path) -> None:
    found = ModelFiles.find(write(tmp_path, CONTENTS | {files.ONNX: b"onnx"}))
    assert found is not None
    assert found.onnx == tmp_path / files.ONNX


def test_an_empty_folder_and_none_at_all_have_no_model(tmp_path: Path) -> None:
    assert ModelFiles.find(tmp_path) is None
    assert ModelFiles.find(tmp_path / "absent") is None


@pytest.mark.parametrize("name", sorted(CONTENTS))
def test_one_flipped_bit_is_noticed_and_the_file_named(name: str, folder: Path) -> None:
    content = bytearray(CONTENTS[name])
    content[0] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name} is damaged.*models prepare"):
        ModelFiles.find(folder)


@pytest.mark.parametrize("name", sorted(CONTENTS))
def test_a_file_that_is_gone_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=rf"{name}.*models prepare"):
        ModelFiles.find(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1, "labels": 3, "files": {}, "source": {}}'])
def test_a_manifest_that_is_none_is_one_line(text: str, folder: Path) -> None:
    (folder / files.MODEL.manifest).write_text(text)
    with pytest.raises(ModelError, match="models prepare") as caught:
        ModelFiles.find(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("changes", [{"format": files.MODEL.format + 1}, {"files": {}}])
def test_a_model_that_another_version_wrote_is_not_taken(changes: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="another version"):
        ModelFiles.find(write(tmp_path, CONTENTS, **changes))
