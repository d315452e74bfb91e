"""The n-gram half of a bundle, fitted: the table of n-grams, and heads on hard or soft labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.optimize import minimize
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from models.encoders.ngrams import NgramEncoder, ngram_keys, word_numbers
from models.encoders.word_numbers import UNKNOWN, WordNumbers
from models.scores import FloatMatrix, sigmoid

_CHUNK = 5_000


def fit_words(texts: Iterable[str], *, size: int = 60_000, min_count: int = 3) -> Tokenizer:
    """A tokenizer that numbers the most frequent lower-case words; 0 is every other word.

    Words are runs of letters, runs of digits, or single other characters, accents taken off.
    """
    tokenizer = Tokenizer(models.WordLevel({UNKNOWN: 0}, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordLevelTrainer(
        vocab_size=size, min_frequency=min_count, special_tokens=[UNKNOWN], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def fit_ngrams(
    texts: Sequence[str], tokenizer: Tokenizer, *, order: int = 2, min_documents: int = 3, size: int = 150_000
) -> NgramEncoder:
    """The encoder over the n-grams that stand in at least `min_documents` texts, the most frequent `size` of them.

    n-grams in more than a third of the texts carry no theme and are left out.
    """
    found: list[npt.NDArray[np.uint64]] = []
    numbers = WordNumbers(tokenizer)
    for start in range(0, len(texts), _CHUNK):
        words = word_numbers(numbers, texts[start : start + _CHUNK])
        keys, rows = ngram_keys(words.numbers, words.owners, order)
        order_of = np.lexsort((rows, keys))
        keys, rows = keys[order_of], rows[order_of]
        again = (np.diff(keys, prepend=keys[:1] + np.uint64(1)) == 0) & (np.diff(rows, prepend=-1) == 0)
        found.append(keys[~again])
    keys, documents = np.unique(np.concatenate(found), return_counts=True)
    kept = (documents >= min_documents) & (documents <= max(len(texts) // 3, min_documents))
    keys, documents = keys[kept], documents[kept]
    if len(keys) > size:
        # Ties at the cut are broken by key, so that the same texts give the same table.
        chosen = np.sort(np.lexsort((keys, -documents))[:size])
        keys, documents = keys[chosen], documents[chosen]
    idf = np.log((1.0 + len(texts)) / (1.0 + documents)) + 1.0
    return NgramEncoder(tokenizer, keys, idf.astype(np.float32), order)


def fit_heads(
    features: sp.csr_matrix | FloatMatrix,
    targets: FloatMatrix,
    *,
    weights: npt.NDArray[np.float32] | None = None,
    penalty: float = 0.1,
    iterations: int = 200,
    start: tuple[FloatMatrix, FloatMatrix] | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> tuple[FloatMatrix, FloatMatrix]:
    """Weights (m, k) and biases (k,) of logistic regressions on targets between 0 and 1, one a theme.

    Minimises the weighted cross-entropy plus `penalty / 2` times the squared weights with L-BFGS;
    soft targets (another model's probabilities) are as welcome as labels.

    Args:
        features: (n, m). targets: (n, k) in [0, 1]. weights: (n,) importance of each paper.
        penalty: strength of the ridge; scikit-learn's 1 / C.
        start: weights and biases to start from.
        progress: called with the iteration and the loss.
    """
    n, m = features.shape
    k = targets.shape[1]
    transposed = sp.csr_matrix(features.T) if sp.issparse(features) else np.ascontiguousarray(features.T)
    importance = np.ones((n, 1), np.float32) if weights is None else weights.astype(np.float32)[:, None]

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        matrix, bias = flat[: m * k].reshape(m, k).astype(np.float32), flat[m * k :].astype(np.float32)
        logits = np.asarray(features @ matrix) + bias
        error = (sigmoid(logits) - targets) * importance
        value = float(((np.logaddexp(0.0, logits) - logits * targets) * importance).sum(dtype=np.float64))
        value += 0.5 * penalty * float((matrix.astype(np.float64) ** 2).sum())
        gradient = np.asarray(transposed @ error) + penalty * matrix
        return value, np.concatenate([gradient.ravel(), error.sum(axis=0)]).astype(np.float64)

    first = np.zeros(m * k + k) if start is None else np.concatenate([start[0].ravel(), start[1]]).astype(np.float64)
    if start is None:
        rate = np.clip(targets.mean(axis=0), 1e-4, 1.0 - 1e-4)
        first[m * k :] = np.log(rate / (1.0 - rate))
    step = [0]

    def report(intermediate_result: object) -> None:
        step[0] += 1
        if progress is not None:
            progress(step[0], float(getattr(intermediate_result, "fun", 0.0)))

    options = {"maxiter": iterations, "maxcor": 6, "ftol": 1e-7}
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options=options, callback=report)
    return found.x[: m * k].reshape(m, k).astype(np.float32), found.x[m * k :].astype(np.float32)
