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

_KEPT = 0.995


def fit_scope(job: Job, inside: sp.csr_matrix, outside: sp.csr_matrix) -> tuple[FloatMatrix, float]:
    """Weights (m,) and bias of the head that tells papers of the field from others; zeros without examples."""
    of_field = np.array([bool(p.themes) for p in job.train])
    if not outside.shape[0] or not of_field.any():
        return np.zeros(inside.shape[1], np.float32), 0.0
    features = sp.vstack([inside[of_field], outside], format="csr")
    target = np.append(np.ones(int(of_field.sum())), np.zeros(outside.shape[0])).astype(np.float32)[:, None]
    weights, bias = fit_rows(features, target, penalty=job.options.sparse_penalty, seed=job.options.seed)
    return weights[:, 0], float(bias[0])


def scope_floor(job: Job, lexical: Lexical) -> float:
    """Logit below which only one in two hundred labelled papers falls, if papers of other fields were shown."""
    known = [p.paper.text for p in (job.dev or job.train) if p.themes]
    if not job.outside or not known:
        return EVERYTHING
    logits = lexical.heads.scope_logits(lexical.encoder.encode(known))
    return min(float(np.quantile(logits, 1.0 - _KEPT)), 0.0)
