"""Graphs with activations of eight bits compute nearly what those in floating point do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from models.encoders.transformer import GRAPH, TOKENIZER, TransformerEncoder
from tests.tiny import tiny_encoder, tiny_papers, tiny_weights
from training.graph import BertShape, Weights, bert_graph, save_graph
from training.quantise import channel_peaks, quantised_graph
from training.reading import read_weights

SHAPE = BertShape(layers=2, heads=2, hidden=32)
TEXTS = [labelled.paper.text for labelled in tiny_papers(40, 8)]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("quantise") / "encoder").directory / TOKENIZER


def weights_of(tokenizer: Path, outlier: float = 1.0) -> dict[str, np.ndarray]:
    """Random weights; one channel of every norm `outlier` times as large as the others."""
    words = len(read_weights(tokenizer.with_name(GRAPH))[0]["embeddings.word_embeddings.weight"])
    weights = tiny_weights(SHAPE, words)
    for name in [name for name in weights if name.endswith("LayerNorm.weight")]:
        weights[name][7] *= outlier
    return weights


def vectors(graph: ov.Model, tokenizer: Path, place: Path) -> np.ndarray:
    place.mkdir()
    save_graph(graph, place / GRAPH)
    (place / TOKENIZER).write_bytes(tokenizer.read_bytes())
    return TransformerEncoder(place, max_tokens=64, threads=1).encode(TEXTS[20:]).vectors


@pytest.mark.parametrize("outlier", [1.0, 30.0])
def test_vectors_stay_what_they_are_even_with_an_outsized_channel(
    tokenizer: Path, tmp_path: Path, outlier: float
) -> None:
    weights = weights_of(tokenizer, outlier)
    exact = vectors(bert_graph(weights, SHAPE), tokenizer, tmp_path / "exact")
    small = vectors(quantised_graph(weights, SHAPE, tokenizer, TEXTS[:20]), tokenizer, tmp_path / "small")
    assert not np.array_equal(exact, small)
    assert (exact * small).sum(axis=1).min() > 0.99


def test_every_input_of_a_product_has_eight_bits(tokenizer: Path) -> None:
    graph = quantised_graph(weights_of(tokenizer), SHAPE, tokenizer, TEXTS)
    products = [node for node in graph.get_ordered_ops() if node.get_type_name() == "MatMul"]
    assert len(products) == 6 * SHAPE.layers
    assert {node.input_value(0).get_node().get_type_name() for node in products} == {"FakeQuantize"}


def test_the_same_texts_give_the_same_bytes_and_the_weights_come_back(tokenizer: Path, tmp_path: Path) -> None:
    weights = weights_of(tokenizer, 10.0)
    for name in ("a", "b"):
        save_graph(quantised_graph(weights, SHAPE, tokenizer, TEXTS), tmp_path / f"{name}.xml")
    assert (tmp_path / "a.xml").read_bytes() == (tmp_path / "b.xml").read_bytes()
    assert (tmp_path / "a.bin").read_bytes() == (tmp_path / "b.bin").read_bytes()
    assert_alike(read_weights(tmp_path / "a.xml")[0], weights)


def test_peaks_are_the_largest_values_seen(tokenizer: Path) -> None:
    weights = weights_of(tokenizer, 30.0)
    peaks = channel_peaks(weights, SHAPE, tokenizer, TEXTS)
    assert peaks["encoder.layer.0.attention.self"].argmax() == 7
    assert peaks["encoder.layer.1.output"].shape == (4 * SHAPE.hidden,)
    more = channel_peaks(weights, SHAPE, tokenizer, [*TEXTS[:3], *TEXTS])
    fewer = channel_peaks(weights, SHAPE, tokenizer, TEXTS[:1])
    assert all((fewer[name] <= more[name] + 1e-6).all() for name in peaks)


def assert_alike(found: Weights, weights: Weights) -> None:
    assert set(found) == set(weights)
    for name, whole in weights.items():
        values = whole[:1] if "token_type" in name else whole  # one text a call: the second row is never read
        error = np.linalg.norm(found[name] - values) / max(float(np.linalg.norm(values)), 1e-6)
        assert error < 0.08, name
