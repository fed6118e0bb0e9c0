"""The network in parts gives the answers of the published one over the whole track at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from playlista.errors import Interrupted
from playlista.models.wheels import OpenWheel
from playlista.vibenet.architecture import LIKELIHOODS, VALUES
from playlista.vibenet.network import VibeNet


@pytest.fixture(scope="module")
def published(vibenet_wheel: OpenWheel) -> Any:
    """The published model as it is."""
    onnxruntime = pytest.importorskip("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = vibenet_wheel.archive.read("vibenet/artifacts/efficientnet_model.onnx")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def bands_of(columns: int) -> np.ndarray:
    """Levels as of music: more in the bass, swelling, within 80 dB."""
    chance = np.random.default_rng(columns)
    slope = np.linspace(10, -50, 128)[:, np.newaxis]
    swell = 15 * np.sin(np.arange(columns) / 40)
    return np.maximum(slope + swell + chance.normal(0, 8, (128, columns)), -60).astype(np.float32)


@pytest.mark.parametrize("columns", [1, 2, 31, 64, 333, 1500])
def test_the_answers_are_those_of_the_published_network(vibenet: VibeNet, published: Any, columns: int) -> None:
    bands = bands_of(columns)
    answers = published.run(None, {"x": bands[np.newaxis]})[0][0]
    expected = {
        name: 1 / (1 + np.exp(-answer)) if name in LIKELIHOODS else np.clip(answer, 0, 1)
        for name, answer in zip(VALUES, answers, strict=True)
    }
    found = vibenet.values(bands, lambda: None)
    # 0.00005 is the rounding to four digits; the rest float32's in another order
    assert found == pytest.approx(expected, abs=2e-4)


def test_a_stop_gets_through_in_the_middle(vibenet: VibeNet) -> None:
    looks = 0

    def checkpoint() -> None:
        nonlocal looks
        looks += 1
        if looks > 5:
            raise Interrupted("asked to stop")

    with pytest.raises(Interrupted):
        vibenet.values(bands_of(600), checkpoint)
