from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino as ov
import openvino.opset13 as ops
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bundle import ModelBundle
from models.encoders.ngrams import Words
from models.encoders.word_network import NETWORK_GRAPH, SKIPPED, WordNetwork, network_inputs
from models.errors import BundleError
from models.parts import Lexical
from models.scoring import score_texts
from models.theme_set import ProvisionalTheme, ThemeSet
from models.themes import Theme
from tests.network_sample import KNOWN, LIMIT, network_bundle, network_weights, save_network
from tests.tiny import tiny_papers, tiny_taxonomy
from training.graph import save_graph
from training.word_graph import EPSILON, Weights

TEXTS = [item.paper.text for item in tiny_papers(12, 7)] + ["", "qqq", "the of and", "leader " * 400]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> WordNetwork:
    rows = np.arange(KNOWN, dtype=np.int32)
    return WordNetwork(save_network(tmp_path_factory.mktemp("network")), rows, LIMIT)


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """The small bundle with an untrained network that has its say in every stage."""
    return network_bundle(tiny_bundle, tmp_path_factory.mktemp("with-network") / "bundle")


def _words(texts: list[list[int]]) -> Words:
    owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    return Words(np.array([word for text in texts for word in text], np.int64), owners, len(texts))


def _by_hand(weights: Weights, words: list[int]) -> np.ndarray:
    """The network in plain arithmetic, one place and one theme after the other."""
    state = _normed(weights["words.weight"][words], weights, "before") + weights["places"][: len(words)]
    kernel, beside = weights["convolution.weight"], weights["convolution.weight"].shape[2] // 2
    padded = np.pad(state, ((beside, beside), (0, 0)))
    around = [padded[place : place + kernel.shape[2]].T for place in range(len(words))]
    state = np.array([(kernel * window).sum(axis=(1, 2)) for window in around]) + weights["convolution.bias"]
    state = _normed(_gelu(state), weights, "after")
    attention = np.exp(state @ weights["attention.weight"].T)
    places = (attention / attention.sum(axis=0)).T @ state
    whole = np.concatenate([state.mean(axis=0), state.max(axis=0)])
    inner = _gelu(weights["hidden.weight"] @ whole + weights["hidden.bias"])
    spoken = (places * weights["themes"]).sum(axis=1) + weights["bias"]
    return np.asarray(spoken + weights["overall.weight"] @ inner + weights["overall.bias"])


def _normed(state: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    centred = state - state.mean(axis=1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPSILON)
    return np.asarray(scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"])


def _gelu(values: np.ndarray) -> np.ndarray:
    return np.asarray(values * (1.0 + np.vectorize(math.erf)(values / math.sqrt(2.0))) / 2.0)


@given(st.lists(st.lists(st.integers(0, KNOWN - 1), min_size=1, max_size=LIMIT), min_size=1, max_size=4))
def test_the_graph_computes_what_its_description_says(network: WordNetwork, texts: list[list[int]]) -> None:
    found = network.logits(_words(texts))
    expected = np.array([_by_hand(network_weights(), text) for text in texts])
    np.testing.assert_allclose(found, expected, atol=0.15)  # products in bfloat16, words in eight bits
    assert np.abs(expected).max() > 0.3


def test_a_text_is_answered_alike_alone_and_among_others(network: WordNetwork) -> None:
    texts = [[1, 2, 3], [4], [5, 6] * 20, [7, 8, 9, 10], list(range(30)), [0], [11] * 32, [12] * 33, [13] * LIMIT]
    together = network.logits(_words(texts))
    assert len({tuple(row) for row in together.tolist()}) == len(texts)
    for row, text in enumerate(texts):
        assert (network.logits(_words([text]))[0] == together[row]).all()
        assert (network.logits(_words([[3, 1], text, [2] * 9]))[1] == together[row]).all()
    assert network.logits(_words([])).shape == (0, len(tiny_taxonomy()))


@given(st.lists(st.lists(st.integers(0, 9), max_size=12), max_size=5), st.integers(1, 8))
def test_inputs_keep_the_first_words_that_are_read(texts: list[list[int]], limit: int) -> None:
    rows = np.array([0, SKIPPED, 1, 2, SKIPPED, 3, 4, 5, 6, 7], np.int32)
    found = network_inputs(_words(texts), rows, limit)
    expected = [[int(rows[word]) for word in text if rows[word] != SKIPPED][:limit] or [0] for text in texts]
    assert [part.tolist() for part in found] == expected


def test_the_network_has_its_say_in_every_stage(bundle: ModelBundle, tiny_bundle: Path) -> None:
    plain = ModelBundle.load(tiny_bundle)
    assert bundle.lexical.network is not None
    assert plain.lexical.network is None
    for stage in ("fast", "opening", "accurate"):
        with_it, without = (score_texts(one, TEXTS[:12], stage).probabilities for one in (bundle, plain))
        assert np.abs(with_it - without).max() > 0.01
        assert ((with_it >= 0.0) & (with_it <= 1.0)).all()


def test_odd_texts_have_answers_too(bundle: ModelBundle) -> None:
    found = score_texts(bundle, TEXTS, "fast")
    assert np.isfinite(found.probabilities).all()
    alone = score_texts(bundle, TEXTS[-1:], "fast")
    assert (alone.probabilities[0] == found.probabilities[-1]).all()


def test_provisional_themes_are_none_of_the_networks(bundle: ModelBundle, tiny_bundle: Path) -> None:
    theme = Theme("tape-robots", "Tape robots", tiny_taxonomy().groups[0].id, "Robots that fetch tapes from shelves.")
    themes = ThemeSet((ProvisionalTheme(theme),))
    for stage in ("fast", "accurate"):
        given_by = [
            score_texts(one.with_themes(themes), TEXTS, stage).probabilities[:, -1]
            for one in (bundle, ModelBundle.load(tiny_bundle))
        ]
        np.testing.assert_allclose(given_by[0], given_by[1], atol=1e-6)


def test_a_bundle_without_its_network_is_refused(bundle: ModelBundle, tmp_path: Path) -> None:
    rows = np.arange(KNOWN, dtype=np.int32)
    with pytest.raises(BundleError, match=NETWORK_GRAPH):
        WordNetwork(tmp_path, rows, LIMIT)
    (tmp_path / NETWORK_GRAPH).write_text("<net/>")
    with pytest.raises(BundleError, match=NETWORK_GRAPH):
        WordNetwork(tmp_path, rows, LIMIT)


def test_a_network_that_reads_one_text_at_a_time_is_refused(tmp_path: Path) -> None:
    words = ops.parameter([-1], np.int64, name="words")
    save_graph(ov.Model([ops.convert(ops.unsqueeze(words, np.array([0])), "f32")], [words]), tmp_path / NETWORK_GRAPH)
    with pytest.raises(BundleError, match="train the bundle anew"):
        WordNetwork(tmp_path, np.arange(KNOWN, dtype=np.int32), LIMIT)


def test_logits_are_those_of_both_scorers(bundle: ModelBundle) -> None:
    lexical: Lexical = bundle.lexical
    features, logits = lexical.read(TEXTS)
    assert logits.network is not None
    assert (logits.ngrams == lexical.heads.logits(features)).all()
    rows = np.array([3, 1])
    assert (logits.of(rows).all[1] == logits.network[rows]).all()
    _, plain = replace(lexical, network=None).read(TEXTS)
    assert plain.network is None
    assert len(plain.all) == 1
