"""Every installed runtime, on a real graph written from variables whose answers are computed the long way round."""

from __future__ import annotations

import dataclasses
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from playlista.errors import ModelError
from playlista.musicnn import files as names
from playlista.musicnn.arrays import network_arrays
from playlista.musicnn.conversion.graph_onnx import onnx_model
from playlista.musicnn.conversion.graph_tensorflow import tensorflow_graph
from playlista.musicnn.files import ModelFiles
from playlista.musicnn.network import fold
from playlista.musicnn.runtimes.runtime import installed_runtimes, load_runtime
from tests.exhaustive import exhaustive
from tests.musicnn import published

# TensorFlow itself is imported by a process of its own: it would cost the test run 450 MB.
IN_PROCESS = [name for name in ("numpy", "onnx", "essentia") if name in installed_runtimes()]
VARIABLES = published.random_variables(11)

# Four libraries sum in four orders, in float32.
TOLERANCE = 1e-5
EMBEDDING_TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ModelFiles:
    """A model of random weights, as `models prepare` lays it out."""
    folder = tmp_path_factory.mktemp("models")
    network = fold(VARIABLES)
    contents = {
        names.GRAPH: tensorflow_graph(network),
        names.ARRAYS: network_arrays(network),
        names.ONNX: onnx_model(network),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return ModelFiles(folder, tuple(map(str, range(50))), dict.fromkeys(contents, ""), {})


def assert_published_answers(activations: np.ndarray, embeddings: np.ndarray, patches: np.ndarray) -> None:
    expected = [published.answer(VARIABLES, patch) for patch in patches]
    np.testing.assert_allclose(activations, [answer.activations for answer in expected], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(embeddings, [answer.embedding for answer in expected], rtol=0, atol=EMBEDDING_TOLERANCE)


@pytest.mark.parametrize("name", IN_PROCESS)
@pytest.mark.parametrize("batch", [1, 3])
def test_a_runtime_gives_the_published_answers_for_any_batch(name: str, batch: int, files: ModelFiles) -> None:
    runtime = load_runtime(name, files)
    patches = published.patches(batch)
    activations, embeddings = runtime.activations(patches)
    assert (runtime.name, activations.dtype, embeddings.dtype) == (name, np.float32, np.float32)
    assert_published_answers(activations, embeddings, patches)
    runtime.close()


@pytest.mark.parametrize("name", IN_PROCESS)
def test_a_runtime_gives_the_same_bits_again_whatever_it_ran_before(name: str, files: ModelFiles) -> None:
    runtime = load_runtime(name, files)
    first, other = published.patches(1, seed=1), published.patches(1, seed=2)
    before = [array.copy() for array in runtime.activations(first)]
    runtime.activations(other)
    for again, once in zip(runtime.activations(first), before, strict=True):
        np.testing.assert_array_equal(again, once)
    runtime.close()


@pytest.mark.parametrize("name", IN_PROCESS)
def test_how_patches_lie_in_memory_makes_no_difference(name: str, files: ModelFiles) -> None:
    runtime = load_runtime(name, files)
    patches = published.patches(2)
    expected = runtime.activations(patches)[0].copy()
    np.testing.assert_allclose(runtime.activations(np.asfortranarray(patches))[0], expected, rtol=0, atol=TOLERANCE)
    runtime.close()


TENSORFLOW = """
import sys
from playlista.config import Settings
from playlista.system.environment import prepare_environment
prepare_environment({**Settings().native_environment(), "TF_ENABLE_ONEDNN_OPTS": sys.argv[3]}, threads=1)
import numpy as np
from pathlib import Path
from playlista.musicnn.runtimes.tensorflow import TensorflowRuntime
runtime = TensorflowRuntime(Path(sys.argv[1]), 1)
folder = Path(sys.argv[2])
activations, embeddings = runtime.activations(np.load(folder / "patches.npy"))
np.savez(folder / "answers.npz", activations=activations, embeddings=embeddings)
runtime.close()
print("done")
"""


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="tensorflow-cpu is not installed")
@pytest.mark.parametrize("one_dnn", exhaustive(["0", "1"]))  # TF_ENABLE_ONEDNN_OPTS is 0 by default
def test_tensorflow_gives_the_published_answers_and_says_nothing(
    one_dnn: str, files: ModelFiles, tmp_path: Path, project_root: Path, clean_environment: dict[str, str]
) -> None:
    patches = published.patches(2)
    np.save(tmp_path / "patches.npy", patches)
    environment = clean_environment | {"PYTHONPATH": str(project_root / "daemon")}
    command = [sys.executable, "-c", TENSORFLOW, str(files.graph), str(tmp_path), one_dnn]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("done\n", "", 0)
    with np.load(tmp_path / "answers.npz") as answers:
        assert_published_answers(answers["activations"], answers["embeddings"], patches)


ESSENTIA = TENSORFLOW.replace("tensorflow import TensorflowRuntime", "essentia import EssentiaRuntime")
ESSENTIA = ESSENTIA.replace("TensorflowRuntime(Path(sys.argv[1]), 1)", "EssentiaRuntime(Path(sys.argv[1]))")
assert "Tensorflow" not in ESSENTIA


@pytest.mark.skipif("essentia" not in IN_PROCESS, reason="essentia is not installed")
def test_essentia_says_nothing_on_the_terminal(
    files: ModelFiles, tmp_path: Path, project_root: Path, clean_environment: dict[str, str]
) -> None:
    np.save(tmp_path / "patches.npy", published.patches(1))
    environment = clean_environment | {"PYTHONPATH": str(project_root / "daemon")}
    command = [sys.executable, "-c", ESSENTIA, str(files.graph), str(tmp_path), "0"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("done\n", "", 0)


@pytest.mark.skipif(importlib.util.find_spec("onnx") is None, reason="onnx, whose checker this is, is not installed")
def test_the_onnx_model_passes_onnx_own_checker_with_inferred_shapes(files: ModelFiles) -> None:
    import onnx

    assert files.onnx is not None
    onnx.checker.check_model(onnx.load(str(files.onnx)), full_check=True)


def test_without_avx_tensorflow_is_refused_with_a_line_before_it_can_kill_the_process(files: ModelFiles) -> None:
    with pytest.raises(ModelError, match=r"AVX.*MUSICNN_RUNTIME=numpy"):
        load_runtime("tensorflow", files, flags={"sse2", "sse4_2"})


def test_without_avx_numpy_runs(files: ModelFiles) -> None:
    assert load_runtime("numpy", files, flags={"sse2"}).name == "numpy"


@pytest.mark.parametrize("name", [name for name in IN_PROCESS if name != "numpy"])
def test_a_graph_that_is_none_is_one_line_and_no_crash(name: str, files: ModelFiles, tmp_path: Path) -> None:
    for path in (names.GRAPH, names.ONNX):
        (tmp_path / path).write_bytes(b"\x00 this is no graph\n")
    with pytest.raises(ModelError, match=rf"^the {name} runtime does not start: .+") as caught:
        load_runtime(name, dataclasses.replace(files, folder=tmp_path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive"])
def test_arrays_that_are_none_are_one_line(content: bytes, files: ModelFiles, tmp_path: Path) -> None:
    (tmp_path / names.ARRAYS).write_bytes(content)
    with pytest.raises(ModelError, match="models prepare") as caught:
        load_runtime("numpy", dataclasses.replace(files, folder=tmp_path))
    assert "\n" not in str(caught.value)


def test_onnx_without_its_file_says_how_to_get_it(files: ModelFiles) -> None:
    if "onnx" not in IN_PROCESS:
        pytest.skip("onnxruntime is not installed")
    without = dataclasses.replace(files, checksums={})
    with pytest.raises(ModelError, match="models prepare"):
        load_runtime("onnx", without)
