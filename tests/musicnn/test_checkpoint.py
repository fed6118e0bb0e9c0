"""The checkpoint reader against TensorFlow's own writer and reader, and against damaged bytes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from playlista.errors import ModelError
from playlista.musicnn.conversion.checkpoint import read_checkpoint
from playlista.musicnn.conversion.wheel import Wheel

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="tensorflow-cpu is not installed"
)

# Many names with shared beginnings, so that the index needs several blocks; a scalar; another type; an empty one.
WRITE = """
import sys, numpy as np, tensorflow as tf
rng = np.random.default_rng(0)
tensors = {f"layer_{i}/batch_normalization_{i}/moving_mean": rng.normal(size=(i % 7, 3)) for i in range(400)}
tensors = {name: value.astype("f4") for name, value in tensors.items()}
tensors["scalar"] = np.float32(2.5)
np.savez(sys.argv[1] + "/expected.npz", **tensors)
tensors["step"] = np.int64(3)
names = sorted(tensors)
slices = [""] * len(names)
values = [tensors[name] for name in names]
tf.raw_ops.SaveV2(prefix=sys.argv[1] + "/", tensor_names=names, shape_and_slices=slices, tensors=values)
"""


def read(folder: Path) -> dict[str, np.ndarray]:
    return read_checkpoint((folder / ".index").read_bytes(), (folder / ".data-00000-of-00001").read_bytes())


@pytest.mark.exhaustive  # importing TensorFlow takes seconds
@needs_tensorflow
def test_what_tensorflow_wrote_is_read_bit_for_bit_without_it(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    subprocess.run([sys.executable, "-c", WRITE, tmp_path], env=clean_environment, check=True, capture_output=True)
    found = read(tmp_path)
    with np.load(tmp_path / "expected.npz") as expected:
        assert found.keys() == set(expected.files)
        for name, value in found.items():
            assert value.shape == expected[name].shape
            np.testing.assert_array_equal(value, expected[name])


def test_the_published_checkpoint_has_the_variables_of_the_published_architecture(wheel: Wheel) -> None:
    variables = read_checkpoint(
        wheel.read_checkpoint_file(".index"), wheel.read_checkpoint_file(".data-00000-of-00001")
    )
    assert variables["conv2d/kernel"].shape == (7, 38, 1, 204)
    assert variables["dense/kernel"].shape == (1506, 200)
    trained = {name for name in variables if "Adam" not in name and "power" not in name}
    # 8 convolutions and 2 dense layers with kernel and bias, 11 normalisations with four vectors each
    assert len(trained) == 10 * 2 + 11 * 4
    assert all(np.isfinite(variables[name]).all() for name in trained)


@pytest.mark.parametrize("index", [b"", b"short", bytes(100), bytes(40) + bytes.fromhex("57fb808b247547db")])
def test_bytes_that_are_no_checkpoint_are_one_line(index: bytes) -> None:
    with pytest.raises(ModelError, match="checkpoint cannot be read"):
        read_checkpoint(index, b"")


def test_a_checkpoint_cut_anywhere_is_one_line_and_no_other_exception(wheel: Wheel) -> None:
    index = wheel.read_checkpoint_file(".index")
    for length in range(0, len(index), 37):
        with pytest.raises(ModelError):
            read_checkpoint(index[:length], b"")


def test_values_that_are_not_all_there_are_one_line(wheel: Wheel) -> None:
    data = wheel.read_checkpoint_file(".data-00000-of-00001")
    with pytest.raises(ModelError):
        read_checkpoint(wheel.read_checkpoint_file(".index"), data[: len(data) // 2])
