"""How good a theme is that was given by a definition and a few examples: known themes treated as new.

A theme is taken out of the taxonomy, its papers stay among the background, unlabelled. Then it is put
back as `models.provisional` does it, from its definition and examples drawn from the training papers,
and the remaining papers say how well its papers are found. Coefficients and thresholds are fitted on
some themes and measured on others.

An encoder that was fine-tuned with the theme's own labels has seen the answer: only the published
encoder gives figures that hold for themes never seen.

    python -m training.new_theme --encoder DIR --train FILE --dev FILE --taxonomy FILE
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.calibration import expected_calibration_error
from models.encoders.ngrams import NgramEncoder
from models.encoders.transformer import TransformerEncoder
from models.errors import LabelError
from models.likeness import KNOTS, LEFT_OUT_FROM, MEASURED_EXAMPLES, Background, Coefficients, Overlap, left_out
from models.provisional import ACCURATE, FAST
from models.scores import FloatMatrix, sigmoid
from models.themes import Taxonomy, load_taxonomy
from training.dataset import LabelledPaper, label_matrix, load_labels
from training.lexical import fit_ngrams, fit_words
from training.vectors import Progress, VectorCache, encode_all, no_progress

HELD_OUT = 15
DRAWS = 3
_FEWEST = (12, 8)  # papers of a theme among those that examples are drawn from, and among those it is measured on
_NAMES = ("dense", "sparse", "tail", "constant", "known", "left_dense", "left_sparse")
_COLUMNS = {"accurate": (0, 1, 2, 3, 4, 5, 6), "fast": (1, 3, 4, 6)}


@dataclass(frozen=True)
class World:
    """Papers as scores see them.

    Attributes:
        vectors: (n, d) unit vectors. rows: (n, m) tf-idf rows. truth: (n, k) labels.
        definitions, definition_rows: of the k themes.
        pool: positions that are background and that examples come from. test: the others.
        overlap: of the n-gram encoder, which is fitted on the pool alone.
    """

    taxonomy: Taxonomy
    vectors: FloatMatrix
    rows: sp.csr_matrix
    truth: npt.NDArray[np.bool_]
    definitions: FloatMatrix
    definition_rows: sp.csr_matrix
    pool: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]
    overlap: Overlap

    def usable(self) -> list[int]:
        """Columns of the themes with papers enough to draw examples and to measure."""
        pool, test = self.truth[self.pool].sum(axis=0), self.truth[self.test].sum(axis=0)
        return [int(k) for k in np.flatnonzero((pool >= _FEWEST[0]) & (test >= _FEWEST[1]))]


@dataclass(frozen=True, slots=True)
class Trial:
    """One theme put back once: (t, 7) features of the test papers in the order of `Coefficients`, their truth."""

    theme: int
    examples: int
    features: FloatMatrix
    truth: npt.NDArray[np.bool_]


def build_world(
    taxonomy: Taxonomy,
    encoder: TransformerEncoder,
    train: Sequence[LabelledPaper],
    dev: Sequence[LabelledPaper],
    *,
    cache: Path | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> World:
    """The papers encoded, half of `train` as pool, the rest of it and `dev` as test.

    Raises:
        ThemeError: a label that the taxonomy lacks. LabelError: no theme with papers enough.
    """
    order = np.random.default_rng(seed).permutation(len(train))
    pool, rest = np.sort(order[: len(train) // 2]), np.sort(order[len(train) // 2 :])
    papers = [*train, *dev]
    texts = [labelled.paper.text for labelled in papers]
    pool_texts = [texts[row] for row in pool]
    ngrams = _ngrams(pool_texts)
    definitions = [theme.definition for theme in taxonomy.themes]
    world = World(
        taxonomy,
        encode_all(encoder, texts, VectorCache(cache, encoder.dim), progress),
        ngrams.encode(texts),
        label_matrix(papers, taxonomy),
        encoder.encode(definitions).vectors,
        ngrams.encode(definitions),
        pool,
        np.concatenate([rest, np.arange(len(train), len(papers))]),
        Overlap.of(ngrams),
    )
    if len(world.usable()) < 2:
        raise LabelError(f"fewer than two themes have {_FEWEST[0] * 2} training papers: there is nothing to measure")
    return world


def run_trial(world: World, theme: int, examples: int, seed: int) -> Trial:
    """A theme put back with so many examples drawn from the pool."""
    rng = np.random.default_rng((seed, theme, examples))
    own = world.pool[world.truth[world.pool, theme]]
    drawn = rng.choice(own, examples, replace=False)
    others = np.delete(np.arange(len(world.definitions)), theme)
    background = Background.of(world.vectors[world.pool], world.definitions[others])
    definition, row = world.definitions[theme], world.definition_rows[[theme]]
    dense = background.line(definition, world.vectors[drawn])
    sparse = world.overlap.line(row, world.rows[drawn])
    left_dense = left_out(world.vectors[drawn], lambda some: background.line(definition, some))
    left_sparse = left_out(world.rows[drawn], lambda some: world.overlap.line(row, some))
    known = float(examples >= LEFT_OUT_FROM)
    fixed = np.tile([dense.tail, 1.0, known, left_dense, left_sparse], (len(world.test), 1))
    scores = [dense.of(world.vectors[world.test]), sparse.of(world.rows[world.test])]
    features = np.column_stack([*scores, fixed]).astype(np.float32)
    return Trial(theme, examples, features, world.truth[world.test, theme])


def fit_coefficients(trials: Sequence[Trial], profile: str) -> Coefficients:
    """Coefficients, thresholds and promise tables of a profile ("fast" or "accurate") from trials."""
    from sklearn.linear_model import LogisticRegression

    columns = _COLUMNS[profile]
    features = np.concatenate([trial.features[:, columns] for trial in trials])
    truth = np.concatenate([trial.truth for trial in trials])
    model = LogisticRegression(C=100.0, fit_intercept=False, solver="newton-cholesky").fit(features, truth)
    values = dict.fromkeys(_NAMES, 0.0)
    values |= {_NAMES[c]: round(float(v), 3) for c, v in zip(columns, model.coef_[0], strict=True)}
    bare = Coefficients(**values, thresholds=(), precision=(), recall=())
    probabilities = [probabilities_of(bare, trial) for trial in trials]
    precision, recall = _promises(np.concatenate(probabilities), truth)
    thresholds = tuple(_best_threshold(trials, probabilities, count) for count in MEASURED_EXAMPLES)
    return replace(bare, thresholds=thresholds, precision=precision, recall=recall)


def probabilities_of(coefficients: Coefficients, trial: Trial) -> FloatMatrix:
    """(t,) float32 probabilities of a trial's test papers."""
    weights = np.array([getattr(coefficients, name) for name in _NAMES[:4]])
    dense, sparse = trial.features[0, 5:].tolist()
    return sigmoid(
        trial.features[:, :4].astype(np.float64) @ weights + coefficients.shift(trial.examples, dense, sparse)
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """Means over themes and draws.

    Attributes:
        average_precision: of the ranking. f1: at the theme's own threshold. best_f1: at the threshold that
            its labels would choose. ece: over all pairs.
    """

    profile: str
    examples: int
    themes: int
    average_precision: float
    f1: float
    best_f1: float
    ece: float


def measure(trials: Sequence[Trial], coefficients: Coefficients, profile: str) -> list[Finding]:
    """One finding for each number of examples."""
    return [
        _finding([t for t in trials if t.examples == count], coefficients, profile, count)
        for count in sorted({trial.examples for trial in trials})
    ]


def _finding(trials: Sequence[Trial], coefficients: Coefficients, profile: str, count: int) -> Finding:
    from sklearn.metrics import average_precision_score

    found = [probabilities_of(coefficients, trial) for trial in trials]
    threshold = coefficients.threshold(count)
    pairs = list(zip(trials, found, strict=True))
    figures = [
        (float(average_precision_score(t.truth, p)), _f1(p >= threshold, t.truth), _best_f1(p, t.truth))
        for t, p in pairs
    ]
    ece = expected_calibration_error(np.concatenate(found), np.concatenate([t.truth for t in trials]))
    means = [round(float(value), 3) for value in np.mean(figures, axis=0)]
    return Finding(profile, count, len({t.theme for t in trials}), means[0], means[1], means[2], round(ece, 4))


def run_experiment(world: World, *, seed: int = 0, progress: Progress = no_progress) -> dict[str, Any]:
    """Coefficients fitted on all but 15 themes, and findings on those 15, as a JSON-ready dict.

    `shipped` findings use the coefficients in `models.provisional`, `fitted` ones those fitted here.
    """
    usable = world.usable()
    held = sorted(np.random.default_rng(seed).permutation(usable)[: min(HELD_OUT, len(usable) // 2)].tolist())
    fitting = [k for k in range(len(world.taxonomy)) if k not in held and k in usable]
    learnt = _trials(world, fitting, (0, 1, 3, 5, 10), 1, progress)
    tested = _trials(world, held, MEASURED_EXAMPLES, DRAWS, progress)
    fitted = {profile: fit_coefficients(learnt, profile) for profile in _COLUMNS}
    shipped = {"fast": FAST, "accurate": ACCURATE}
    return {
        "pool": len(world.pool),
        "test": len(world.test),
        "held_out": [world.taxonomy.ids[k] for k in held],
        "fitted_on": len(fitting),
        "coefficients": {name: asdict(found) for name, found in fitted.items()},
        "fitted": [asdict(f) for name, found in fitted.items() for f in measure(tested, found, name)],
        "shipped": [asdict(f) for name, found in shipped.items() for f in measure(tested, found, name)],
    }


def _trials(world: World, themes: Sequence[int], counts: Iterable[int], draws: int, progress: Progress) -> list[Trial]:
    plan = [(k, n, draw) for k in themes for n in counts for draw in range(draws if n else 1)]
    out = []
    for done, (theme, count, draw) in enumerate(plan, start=1):
        out.append(run_trial(world, theme, count, draw))
        progress("trials", done, len(plan))
    return out


def _ngrams(texts: Sequence[str]) -> NgramEncoder:
    return fit_ngrams(texts, fit_words(texts), order=1, size=60_000)


def _promises(probabilities: FloatMatrix, truth: npt.NDArray[np.bool_]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    precision, recall = [], []
    for knot in KNOTS:
        given = probabilities >= knot
        right = float((given & truth).sum())
        precision.append(round(right / max(float(given.sum()), 1.0), 3))
        recall.append(round(right / max(float(truth.sum()), 1.0), 3))
    return tuple(precision), tuple(recall)


def _best_threshold(trials: Sequence[Trial], probabilities: Sequence[FloatMatrix], count: int) -> float:
    """The threshold of the best mean F1 over the trials with so many examples, or over all if there are none."""
    pairs = list(zip(trials, probabilities, strict=True))
    chosen = [pair for pair in pairs if pair[0].examples == count] or pairs
    grid = np.arange(0.1, 0.61, 0.02)
    scores = [np.mean([_f1(p >= threshold, trial.truth) for trial, p in chosen]) for threshold in grid]
    return round(float(grid[int(np.argmax(scores))]), 2)


def _f1(given: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    return float(2.0 * (given & truth).sum() / max(int(given.sum() + truth.sum()), 1))


def _best_f1(probabilities: FloatMatrix, truth: npt.NDArray[np.bool_]) -> float:
    right = np.cumsum(truth[np.argsort(-probabilities, kind="stable")])
    return float((2.0 * right / (np.arange(1, len(truth) + 1) + truth.sum())).max())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the experiment and print its JSON, seconds included."""
    parser = argparse.ArgumentParser(prog="python -m training.new_theme", description=__doc__)
    for name in ("--encoder", "--train", "--dev", "--taxonomy"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="file for vectors, so that a second run is quick")
    parser.add_argument("--papers", type=int, help="only so many training papers")
    parser.add_argument("--threads", type=int, default=0)
    given = parser.parse_args(arguments)
    began = time.perf_counter()
    encoder = TransformerEncoder(given.encoder, threads=given.threads)
    train = load_labels(given.train)[: given.papers]
    world = build_world(load_taxonomy(given.taxonomy), encoder, train, load_labels(given.dev), cache=given.cache)
    report = {**run_experiment(world), "seconds": round(time.perf_counter() - began, 1)}
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
