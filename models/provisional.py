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
from models.classifiers import DenseHeads, SparseHeads
from models.likeness import KNOTS, Background, Coefficients, Line, Overlap, Vector, left_out
from models.parts import Dense, Lexical, ProfileSettings
from models.theme_set import ProvisionalTheme, ThemeSet
from models.themes import Taxonomy

ACCURATE = Coefficients(1.45, 0.35, -1.2, -2.0, 0.0, 0.0, 0.0, (0.24, 0.28, 0.28, 0.32), (0.5,) * 19, (0.5,) * 19)
FAST = Coefficients(0.0, 0.75, 0.0, -4.7, 0.0, 0.0, 0.0, (0.22, 0.22, 0.23, 0.24), (0.5,) * 19, (0.5,) * 19)


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
        weights = np.column_stack([heads.weights, *columns]).astype(np.float32)
        bias = np.append(heads.bias, self._fast_bias()).astype(np.float32)
        return Lexical(base.encoder, SparseHeads(weights, bias, heads.scope, heads.scope_bias))

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
        background = Background.of(base.vectors, known)
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
        """Settings of "fast" and "accurate" for known and provisional themes."""
        fast, accurate = self._base.profiles["fast"], self._base.profiles["accurate"]
        count = len(self._items)
        # The n-gram head carries the fast profile's scale and bias: the accurate one takes them off again.
        ratio = ACCURATE.sparse / FAST.sparse
        one, taken = np.ones((1, count)), -ratio * self._fast_bias()
        both = np.vstack([one, ratio * one])
        return {
            "fast": replace(fast, calibration=self._calibration(fast.calibration, FAST, one, np.zeros(count))),
            "accurate": replace(accurate, calibration=self._calibration(accurate.calibration, ACCURATE, both, taken)),
        }

    def _calibration(
        self, known: Calibration, coefficients: Coefficients, weights: npt.NDArray[np.float64], bias: Vector
    ) -> Calibration:
        count = len(self._items)
        best = [coefficients.threshold(len(item.examples)) for item in self._items]
        tables = [np.interp(GRID, KNOTS, table) for table in (coefficients.precision, coefficients.recall)]
        precision, recall = (np.tile(table, (count, 1)) for table in tables)
        return Calibration(
            np.hstack([known.weights, weights]).astype(np.float32),
            np.append(known.bias, bias).astype(np.float32),
            np.vstack([known.precision, precision]).astype(np.float32),
            np.vstack([known.recall, recall]).astype(np.float32),
            np.append(known.best, best).astype(np.float32),
        )
