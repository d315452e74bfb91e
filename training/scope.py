"""What is of the field at all: one more head on n-grams, taught by papers of other fields."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from models.parts import Lexical
from models.scores import FloatMatrix
from training.dual import fit_rows
from training.job import Job

EVERYTHING = -1e9
"""A floor that no paper falls below."""

_REFUSED = 0.982
"""Share of papers of other fields that shall fall below the floor; a few of the rest get no tag anyway."""
_KEPT = 0.985
"""Share of labelled papers that shall stay above it, which comes first."""
_SPARED = 5
"""Every so many papers of other fields are kept from the head, to set the floor with."""

_ALIKE = 2
"""Labelled papers for each unlabelled one that is shown as of the field: more of them tell less of where it ends."""


def fit_scope(
    job: Job, inside: sp.csr_matrix, outside: sp.csr_matrix, alike: sp.csr_matrix | None = None
) -> tuple[FloatMatrix, float]:
    """Weights (m,) and bias of the head that tells papers of the field from others; zeros without examples.

    Args:
        inside: features of the training papers. outside: of papers of other fields.
        alike: of unlabelled papers of the field, if there are any; some, evenly spread, are shown.
    """
    of_field = np.array([bool(p.themes) for p in job.train])
    if not outside.shape[0] or not of_field.any():
        return np.zeros(inside.shape[1], np.float32), 0.0
    shown = outside[np.arange(outside.shape[0]) % _SPARED > 0] if outside.shape[0] >= 2 * _SPARED else outside
    known = [inside[of_field]]
    if alike is not None:
        known.append(alike[:: max(-(-alike.shape[0] * _ALIKE // int(of_field.sum())), 1)])
    features = sp.vstack([*known, shown], format="csr")
    positives = features.shape[0] - shown.shape[0]
    target = np.append(np.ones(positives), np.zeros(shown.shape[0])).astype(np.float32)[:, None]
    weights, bias = fit_rows(features, target, penalty=job.options.scope_penalty, seed=job.options.seed)
    return weights[:, 0], float(bias[0])


def scope_floor(job: Job, lexical: Lexical) -> float:
    """Logit that nearly all papers of other fields fall below, or nearly no labelled paper, whichever is lower."""
    known = [p.paper.text for p in (job.dev or job.train) if p.themes]
    if not job.outside or not known:
        return EVERYTHING
    spared = [paper.text for paper in job.outside[:: _SPARED if len(job.outside) >= 2 * _SPARED else 1]]

    def quantile(texts: list[str], share: float) -> float:
        return float(np.quantile(lexical.heads.scope_logits(lexical.encoder.encode(texts)), share))

    # Just above the papers it is read from, or papers alike would all sit on the floor.
    refusing = float(np.nextafter(np.float32(quantile(spared, _REFUSED)), np.float32(np.inf)))
    return min(refusing, quantile(known, 1.0 - _KEPT))
