from __future__ import annotations

from pathlib import Path

import numpy as np

from models.encoders.transformer import TransformerEncoder
from tests.tiny import tiny_encoder, tiny_papers, tiny_weights
from training.graph import BertShape, bert_graph, save_graph

SHAPE = BertShape(layers=2, heads=2, hidden=32)


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_graph(bert_graph(tiny_weights(SHAPE, 600), SHAPE), tmp_path / f"{name}.xml")
    assert (tmp_path / "a.xml").read_bytes() == (tmp_path / "b.xml").read_bytes()
    assert (tmp_path / "a.bin").read_bytes() == (tmp_path / "b.bin").read_bytes()


def test_the_graph_computes_what_bert_computes(tmp_path: Path) -> None:
    """Against the formulas written out in numpy: embeddings, attention, layer norm, GELU, mean, length one."""
    source = tiny_encoder(tmp_path / "encoder")
    encoder = TransformerEncoder(source.directory, max_tokens=64)
    texts = [labelled.paper.text for labelled in tiny_papers(6, 8)]
    weights = tiny_weights(SHAPE, encoder._tokenizer.get_vocab_size())
    expected = np.stack([_bert([*encoder._tokenizer.encode(text).ids[:63], 3], weights) for text in texts])
    cosine = (encoder.encode(texts).vectors * expected).sum(axis=1)
    assert cosine.min() > 0.99


def _bert(ids: list[int], w: dict[str, np.ndarray]) -> np.ndarray:
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = _norm(x + w["embeddings.token_type_embeddings.weight"][0])
    for layer in range(SHAPE.layers):
        name = f"encoder.layer.{layer}"
        q, k, v = (_split(x @ w[f"{name}.attention.self.{p}.weight"].T) for p in ("query", "key", "value"))
        attention = np.exp(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1]))
        mixed = (attention / attention.sum(axis=-1, keepdims=True)) @ v
        joined = mixed.transpose(1, 0, 2).reshape(len(ids), SHAPE.hidden)
        x = _norm(x + joined @ w[f"{name}.attention.output.dense.weight"].T)
        inner = _gelu(x @ w[f"{name}.intermediate.dense.weight"].T)
        x = _norm(x + inner @ w[f"{name}.output.dense.weight"].T)
    mean = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


def _split(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), SHAPE.heads, -1).transpose(1, 0, 2)


def _norm(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + SHAPE.epsilon)


def _gelu(x: np.ndarray) -> np.ndarray:
    from math import erf

    return 0.5 * x * (1 + np.vectorize(erf)(x / np.sqrt(2)))
