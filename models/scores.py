"""Scores of many papers against many themes: one matrix until the very edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.themes import Taxonomy

FloatMatrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Scores:
    """Probabilities of n papers for k themes.

    Attributes:
        values: (n, k) float32 in [0, 1]; column j belongs to `taxonomy.themes[j]`.
        taxonomy: the themes in column order.
    """

    values: FloatMatrix
    taxonomy: Taxonomy

    def groups(self) -> FloatMatrix:
        """(n, g) float32 probability of each group: its most probable theme's, so never below a child's."""
        out = np.zeros((len(self.values), len(self.taxonomy.groups)), dtype=np.float32)
        for column, group in enumerate(self.taxonomy.groups):
            members = [c for c, theme in enumerate(self.taxonomy.themes) if theme.group == group.id]
            if members:
                out[:, column] = self.values[:, members].max(axis=1)
        return out


def sigmoid(logits: npt.NDArray[np.floating]) -> FloatMatrix:
    """Logistic function, computed without overflow, as float32."""
    clipped = np.clip(logits, -60.0, 60.0)
    return np.asarray(1.0 / (1.0 + np.exp(-clipped)), dtype=np.float32)
