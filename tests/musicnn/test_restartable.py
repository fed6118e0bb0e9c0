"""A runtime that is given up and started again, with the real runtimes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from playlista.memory.process import resident_memory
from playlista.musicnn.files import ModelFiles
from playlista.musicnn.runtimes.restartable import RestartableRuntime
from playlista.musicnn.runtimes.runtime import installed_runtimes, load_runtime

PATCHES = np.random.default_rng(0).uniform(0, 3, (16, 187, 96)).astype(np.float32)


@pytest.fixture(params=["numpy", "onnx", "essentia"])
def restartable(request: pytest.FixtureRequest, models_dir: Path) -> RestartableRuntime:
    if request.param not in installed_runtimes():
        pytest.skip(f"{request.param} is not installed")
    files = ModelFiles.find(models_dir)
    assert files is not None
    return RestartableRuntime(lambda: load_runtime(request.param, files))


def test_a_runtime_that_was_given_up_answers_as_before(restartable: RestartableRuntime) -> None:
    before = restartable.activations(PATCHES[:2])
    assert restartable.unload() >= 0
    after = restartable.activations(PATCHES[:2])
    np.testing.assert_array_equal(before[0], after[0])
    np.testing.assert_array_equal(before[1], after[1])


def test_giving_up_twice_is_no_error(restartable: RestartableRuntime) -> None:
    restartable.unload()
    assert restartable.unload() < 2**20
    assert restartable.activations(PATCHES[:1])[0].shape == (1, 50)


def test_the_arena_of_onnx_runtime_is_given_back(models_dir: Path) -> None:
    if "onnx" not in installed_runtimes():
        pytest.skip("onnx is not installed")
    files = ModelFiles.find(models_dir)
    assert files is not None
    runtime = RestartableRuntime(lambda: load_runtime("onnx", files))
    runtime.activations(PATCHES)
    held = resident_memory().anonymous_bytes
    returned = runtime.unload()
    assert returned > 20 * 2**20
    assert held - resident_memory().anonymous_bytes > 20 * 2**20
