"""Folding must not change what the network computes: shown against the architecture computed the long way round."""

from __future__ import annotations

import numpy as np
import pytest

from playlista.musicnn.network import fold
from playlista.musicnn.runtimes.numpy import NumpyRuntime
from tests.musicnn import published

# The long way is float64, ours float32: sums of up to 4,000 products of values around 1, four layers deep.
ACTIVATION_TOLERANCE = 1e-5
EMBEDDING_TOLERANCE = 1e-4


def assert_same_answers(variables: published.Variables, patches: np.ndarray) -> None:
    activations, embeddings = NumpyRuntime(fold(variables)).activations(patches)
    for patch, tags, units in zip(patches, activations, embeddings, strict=True):
        expected = published.answer(variables, patch)
        np.testing.assert_allclose(tags, expected.activations, rtol=0, atol=ACTIVATION_TOLERANCE)
        np.testing.assert_allclose(units, expected.embedding, rtol=0, atol=EMBEDDING_TOLERANCE)


@pytest.mark.parametrize("seed", range(3))
def test_folding_with_most_filters_dead_changes_no_answer(seed: int) -> None:
    assert_same_answers(published.random_variables(seed), published.patches(2, seed))


def test_folding_with_every_filter_alive_changes_no_answer() -> None:
    assert_same_answers(published.random_variables(dead_share=0.0), published.patches(1))


def test_folding_changes_no_answer_to_silence_and_to_a_patch_of_one_loud_edge() -> None:
    silence_and_edge = np.zeros((2, 187, 96), np.float32)
    silence_and_edge[1, -1] = 5.0
    assert_same_answers(published.random_variables(7), silence_and_edge)


def test_a_dead_filter_that_answers_a_constant_reaches_the_layers_behind_it() -> None:
    variables = published.random_variables(3)
    dead = np.abs(variables["conv2d/kernel"]).sum(axis=(0, 1, 2)) < 1e-20
    variables["conv2d/bias"][dead] = 10.0  # a ReLU of 10 on every frame and band
    assert_same_answers(variables, published.patches(1))


def test_only_dead_filters_are_left_out() -> None:
    variables = published.random_variables(4)
    for index, branch in enumerate(fold(variables).branches):
        kernel = variables[f"{published.name('conv2d', index)}/kernel"]
        assert branch.kernel.shape[2] == np.count_nonzero(np.abs(kernel).sum(axis=(0, 1, 2)) > 1e-20)


def test_a_checkpoint_without_one_of_the_variables_is_named() -> None:
    variables = published.random_variables()
    del variables["conv2d_5/kernel"]
    with pytest.raises(KeyError, match="conv2d_5/kernel"):
        fold(variables)


def test_activations_do_not_overflow_however_large_the_logits() -> None:
    variables = published.random_variables()
    variables["dense_1/bias"] = np.tile(np.float32([-500.0, 500.0]), 25)
    activations, _ = NumpyRuntime(fold(variables)).activations(published.patches(1))
    assert activations[0, 0] == 0.0
    assert activations[0, 1] == 1.0
