"""A bundle that gives themes by their definition: two linear heads a theme, worked out and not trained.

Likeness to a definition has a linear form (`models.likeness`), so a provisional theme is one more
column of the bundle's heads and calibration, and tagging with it costs what one more theme costs.
The fast profile goes by n-grams alone. Probabilities are those of known themes treated as new
(`training.new_theme`, `docs/new_theme.md`): nothing is fitted to the theme itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.bundle import ModelBundle
from models.calibration import GRID, Calibration
from models.classifiers import DenseHeads
from models.errors import ThemeError
from models.likeness import KNOTS, Background, Coefficients, Line, Overlap, Vector, left_out
from models.parts import Dense, Lexical, ProfileSettings
from models.theme_set import ProvisionalTheme, ThemeSet
from models.themes import Taxonomy

# fmt: off
ACCURATE = Coefficients(
    dense=1.463, sparse=0.384, tail=-0.968, constant=-2.572, known=0.794, left_dense=0.149, left_sparse=-0.218,
    thresholds=(0.26, 0.3, 0.28, 0.32),
    precision=(
        0.341, 0.462, 0.537, 0.589, 0.631, 0.667, 0.695, 0.719, 0.74, 0.762,
        0.782, 0.799, 0.816, 0.83, 0.846, 0.862, 0.881, 0.898, 0.926,
    ),
    recall=(
        0.879, 0.808, 0.753, 0.706, 0.668, 0.632, 0.6, 0.568, 0.538, 0.51,
        0.482, 0.455, 0.427, 0.398, 0.367, 0.331, 0.293, 0.244, 0.179,
    ),
)
"""Of vectors and n-grams: fitted on 45 themes treated as new with the published MiniLM, see `docs/new_theme.md`."""
FAST = Coefficients(
    dense=0.0, sparse=0.789, tail=0.0, constant=-4.78, known=1.204, left_dense=0.0, left_sparse=-0.257,
    thresholds=(0.22, 0.26, 0.22, 0.24),
    precision=(
        0.302, 0.435, 0.515, 0.572, 0.616, 0.65, 0.679, 0.703, 0.729, 0.748,
        0.767, 0.783, 0.801, 0.817, 0.831, 0.845, 0.861, 0.874, 0.895,
    ),
    recall=(
        0.796, 0.699, 0.635, 0.586, 0.547, 0.512, 0.483, 0.456, 0.432, 0.407,
        0.383, 0.36, 0.339, 0.318, 0.295, 0.269, 0.238, 0.201, 0.153,
    ),
)
"""Of n-grams alone: fitted on 45 themes treated as new with the published MiniLM, see `docs/new_theme.md`."""
# fmt: on


class ExtendedBundle(ModelBundle):
    """A bundle that gives provisional themes too; name, digest and known themes are the bundle's own.

    Args:
        base: the bundle. themes: what it shall give beside its own.

    Raises:
        ThemeError: a provisional theme has the id or label of a known one, or names an unknown group.
    """

    def __init__(self, base: ModelBundle, themes: ThemeSet) -> None:
        super().__init__(base.directory, base.manifest, base.name.sha256)
        self.provisional = themes
        self._base = base
        self.taxonomy  # noqa: B018 (a clash shall show now, not with the first paper)

    def with_themes(self, themes: ThemeSet) -> ModelBundle:
        """A view of the same bundle that gives these provisional themes instead."""
        return self._base.with_themes(themes)

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """The known themes, and the provisional ones after them."""
        known = self._base.taxonomy
        twice = next((item.theme.id for item in self._items if item.theme.id in known.columns), None)
        if twice is not None:
            raise ThemeError(f"the bundle has a theme {twice!r} already: choose another name")
        return Taxonomy((*known.themes, *(item.theme for item in self._items)), known.groups)

    @property
    def _items(self) -> Sequence[ProvisionalTheme]:
        return self.provisional.themes if self.provisional else ()

    @cached_property
    def _rows(self) -> list[tuple[sp.csr_matrix, sp.csr_matrix]]:
        """tf-idf rows of each theme's definition and of its examples."""
        encoder = self._base.lexical.encoder
        texts = [([item.theme.definition], [p.text for p in item.examples]) for item in self._items]
        return [(encoder.encode(definition), encoder.encode(examples)) for definition, examples in texts]

    @cached_property
    def _overlaps(self) -> list[tuple[Line, float]]:
        """The n-gram score of each theme, and what its left-out examples reach."""
        overlap = Overlap.of(self._base.lexical.encoder)
        return [
            (overlap.line(definition, rows), left_out(rows, partial(overlap.line, definition)))
            for definition, rows in self._rows
        ]

    @cached_property
    def _lexical(self) -> Lexical:
        base, heads = self._base.lexical, self._base.lexical.heads
        columns = [FAST.sparse * line.weights for line, _ in self._overlaps]
        return replace(base, heads=heads.with_columns(np.column_stack(columns), self._fast_bias()))

    def _fast_bias(self) -> Vector:
        shifts = [
            FAST.sparse * line.bias + FAST.constant + FAST.shift(len(item.examples), 0.0, left)
            for item, (line, left) in zip(self._items, self._overlaps, strict=True)
        ]
        return np.array(shifts, dtype=np.float64)

    @cached_property
    def _dense(self) -> Dense:
        base = self._base.dense
        known = base.encoder.encode([theme.definition for theme in self._base.taxonomy.themes]).vectors
        background = Background.of(base.papers.full(), known)
        heads = [self._dense_head(base, background, position) for position in range(len(self._items))]
        weights = np.vstack([base.heads.weights, *(head[0] for head in heads)]).astype(np.float32)
        bias = np.append(base.heads.bias, [head[1] for head in heads]).astype(np.float32)
        return replace(base, heads=DenseHeads(weights, bias))

    def _dense_head(self, base: Dense, background: Background, position: int) -> tuple[Vector, float]:
        item = self._items[position]
        definition = base.encoder.encode([item.theme.definition]).vectors[0]
        examples = base.encoder.encode([paper.text for paper in item.examples]).vectors
        line = background.line(definition, examples)
        left = left_out(examples, partial(background.line, definition))
        overlap, left_overlap = self._overlaps[position]
        shift = ACCURATE.shift(len(examples), left, left_overlap) + ACCURATE.tail * line.tail + ACCURATE.constant
        return ACCURATE.dense * line.weights, ACCURATE.dense * line.bias + shift + ACCURATE.sparse * overlap.bias

    @cached_property
    def profiles(self) -> dict[str, ProfileSettings]:
        """Settings of the base's stages for known and provisional themes."""
        known, count = self._base.profiles, len(self._items)
        # The n-gram head carries the fast profile's scale and bias: the accurate one takes them off again.
        ratio = ACCURATE.sparse / FAST.sparse
        one, taken = np.ones((1, count)), -ratio * self._fast_bias()
        both = np.vstack([one, ratio * one, 0.0 * one])  # nobody has labelled papers with them: no votes
        parts = {stage: (ACCURATE, both, taken) for stage in known} | {"fast": (FAST, one, np.zeros(count))}
        return {
            stage: replace(settings, calibration=self._calibration(settings.calibration, *parts[stage]))
            for stage, settings in known.items()
        }

    def _calibration(
        self, known: Calibration, coefficients: Coefficients, weights: npt.NDArray[np.float64], bias: Vector
    ) -> Calibration:
        count = len(self._items)
        silent = np.zeros((len(known.weights) - len(weights), count))  # a network knows nothing of them
        best = [coefficients.threshold(len(item.examples)) for item in self._items]
        tables = [np.interp(GRID, KNOTS, table) for table in (coefficients.precision, coefficients.recall)]
        precision, recall = (np.tile(table, (count, 1)) for table in tables)
        return Calibration(
            np.hstack([known.weights, np.vstack([weights, silent])]).astype(np.float32),
            np.append(known.bias, bias).astype(np.float32),
            np.vstack([known.precision, precision]).astype(np.float32),
            np.vstack([known.recall, recall]).astype(np.float32),
            np.append(known.best, best).astype(np.float32),
        )
