"""Who takes part in a benchmark: the profiles of a bundle, and what people would use instead.

    fast, accurate, auto      `ModelBundle.tag` under each profile
    sentence-transformers     the bundle's own encoder weights on torch, in float32, with scikit-learn's logistic
                              regression on the vectors of the papers that the bundle was trained on
    scikit-learn TF-IDF       word pairs and logistic regression, trained on the papers it is given

A contestant that cannot take part says why; no figure stands for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from models.bundle import ModelBundle
from models.calibration import BoolMatrix
from models.encoders.transformer import GRAPH, TOKENIZER
from models.errors import LabelError, UnavailableError
from models.paper import Paper
from models.scores import FloatMatrix
from models.tagging import PROFILES, Profile, TagOptions
from training.dataset import LabelledPaper, label_matrix

TORCH = "sentence-transformers + logistic regression"
TFIDF = "TF-IDF + logistic regression"

_BATCH = 512
_TORCH_BATCH = 32  # the library's own default
_GRID = np.arange(0.1, 0.61, 0.05)
_PENALTY = 10.0


@dataclass(frozen=True, slots=True)
class Contestant:
    """One row of the benchmark.

    Attributes:
        answer: from n papers to their tags, (n, k) bool; this is what is timed.
    """

    name: str
    answer: Callable[[Sequence[Paper]], BoolMatrix]


def profile_contestants(bundle: ModelBundle) -> list[Contestant]:
    """The three profiles of a bundle."""
    return [Contestant(profile, _tagger(bundle, profile)) for profile in PROFILES]


def torch_contestant(bundle: ModelBundle, workplace: Path, threads: int = 0) -> Contestant:
    """sentence-transformers on torch with the encoder weights of the bundle, read back out of its graph.

    Args:
        workplace: an empty directory for the model's files. threads: of torch; 0 leaves its own choice.

    Raises:
        UnavailableError: the `train` extra is not installed.
        BundleError: the weights cannot be read back. LabelError: the bundle keeps no labelled vectors.
    """
    for name in ("torch", "sentence_transformers"):
        if find_spec(name) is None:
            raise UnavailableError(f"{name} is not installed: `pip install 'paperwire[train]'`")
    if not len(bundle.dense.papers):
        raise LabelError("the bundle keeps no vectors of labelled papers to train the regression on")
    import torch
    from sentence_transformers import SentenceTransformer

    if threads:
        torch.set_num_threads(threads)
    write_transformer(bundle, workplace)
    model = SentenceTransformer(str(workplace), device="cpu")
    model.max_seq_length = bundle.dense.encoder.max_tokens
    truth = np.zeros((len(bundle.dense.papers), len(bundle.taxonomy)), dtype=bool)
    for row, columns in enumerate(bundle.dense.labels):
        truth[row, list(columns)] = True
    decide = fit_regression(bundle.dense.papers.full(), truth)

    def answer(papers: Sequence[Paper]) -> BoolMatrix:
        texts = [paper.text for paper in papers]
        vectors = model.encode(texts, batch_size=_TORCH_BATCH, normalize_embeddings=True, show_progress_bar=False)
        return decide(np.asarray(vectors, dtype=np.float32))

    return Contestant(TORCH, answer)


def tfidf_contestant(train: Sequence[LabelledPaper], bundle: ModelBundle) -> Contestant:
    """scikit-learn's TF-IDF of words and word pairs with logistic regression, trained on labelled papers.

    Raises:
        ThemeError: a label that the bundle does not know.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2, max_features=100_000)
    features = vectorizer.fit_transform([item.paper.text for item in train])
    decide = fit_regression(features, label_matrix(train, bundle.taxonomy))
    return Contestant(TFIDF, lambda papers: decide(vectorizer.transform([paper.text for paper in papers])))


def fit_regression(features: Any, truth: BoolMatrix) -> Callable[[Any], BoolMatrix]:
    """From features to tags by one logistic regression a theme, scikit-learn's own, with a common threshold.

    The threshold is the best of a grid on a fifth of the papers that the first fit did not see.

    Args:
        features: (n, d) dense or sparse. truth: (n, k) labels; a theme with none in it is never given.
    """
    order = np.random.default_rng(0).permutation(truth.shape[0])
    aside, kept = order[: len(order) // 5], order[len(order) // 5 :]
    found = _probabilities(_fitted(features[kept], truth[kept]), features[aside])
    scores = [_micro_f1(found >= threshold, truth[aside]) for threshold in _GRID]
    threshold = float(_GRID[int(np.argmax(scores))])
    model = _fitted(features, truth)
    return lambda rows: _probabilities(model, rows) >= threshold


def _fitted(features: Any, truth: BoolMatrix) -> list[Any]:
    from sklearn.linear_model import LogisticRegression

    return [
        LogisticRegression(C=_PENALTY, solver="liblinear").fit(features, column)
        if 0 < column.sum() < len(column)
        else None
        for column in truth.T
    ]


def _probabilities(model: Sequence[Any], rows: Any) -> FloatMatrix:
    none = np.zeros(rows.shape[0])
    columns = [one.predict_proba(rows)[:, 1] if one is not None else none for one in model]
    return np.stack(columns, axis=1).astype(np.float32)


def _micro_f1(given: BoolMatrix, truth: BoolMatrix) -> float:
    return float(2.0 * (given & truth).sum() / max(int(given.sum() + truth.sum()), 1))


def _tagger(bundle: ModelBundle, profile: Profile) -> Callable[[Sequence[Paper]], BoolMatrix]:
    options = TagOptions(profile=profile)

    def answer(papers: Sequence[Paper]) -> BoolMatrix:
        given = np.zeros((len(papers), len(bundle.taxonomy)), dtype=bool)
        for start in range(0, len(papers), _BATCH):
            for row, tagging in enumerate(bundle.tag(papers[start : start + _BATCH], options), start=start):
                given[row, [bundle.taxonomy.columns[tag.theme] for tag in tagging.tags]] = True
        return given

    return answer


def write_transformer(bundle: ModelBundle, directory: Path) -> None:
    """The bundle's encoder in the files of the transformers library: config, weights, tokenizer.

    Raises:
        BundleError: the weights cannot be read back.
    """
    from safetensors.numpy import save_file

    from training.reading import read_weights

    weights, shape = read_weights(bundle.directory / GRAPH)
    kinds = weights["embeddings.token_type_embeddings.weight"]
    weights["embeddings.token_type_embeddings.weight"] = np.vstack([kinds, np.zeros_like(kinds)])
    layer = weights["encoder.layer.0.intermediate.dense.weight"]
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": len(weights["embeddings.word_embeddings.weight"]),
        "max_position_embeddings": len(weights["embeddings.position_embeddings.weight"]),
        "type_vocab_size": 2,
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": len(layer),
        "layer_norm_eps": shape.epsilon,
        "hidden_act": "gelu",
    }
    special = {name: f"[{name[:3].upper()}]" for name in ("pad_token", "unk_token", "cls_token", "sep_token")}
    tokenizer = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": bundle.dense.encoder.max_tokens}
    save_file(
        {name: np.ascontiguousarray(v) for name, v in weights.items()},
        directory / "model.safetensors",
        {"format": "pt"},
    )
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "tokenizer_config.json").write_text(json.dumps(tokenizer | special))
    (directory / TOKENIZER).write_bytes((bundle.directory / TOKENIZER).read_bytes())
