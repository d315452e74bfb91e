"""What a bundle says of labelled papers, beside what people said; kept on disk for later comparison.

A score file is one safetensors file: `probabilities` (n, k) float32, `truth`, `given` (n, k) and
XX, themes and names as JSON in its metadata. No text is in it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from models.bundle import ModelBundle
from models.calibration import BoolMatrix
from models.errors import InputError, LabelError, ThemeError
from models.gates import listed, text_reason
from models.paper import Paper
from models.scores import FloatMatrix
from models.scoring import Scored, score_texts
from models.tagger import answer_scored
from models.tagging import Profile, Tagging, TagOptions
from models.themes import Taxonomy
from models.words import counted
from training.dataset import LabelledPaper, label_matrix
from training.vectors import Progress, no_progress

SUFFIX = ".safetensors"
FORMAT = "paperwire-scores-2"
_BATCH = 512


@dataclass(frozen=True, slots=True)
class Predictions:
    """Truth and answers for n papers and k themes, row by row.

    Attributes:
        name: of the model, with its profile. promise: what its thresholds promise.
        ids: of the papers. taxonomy: the themes in column order.
        truth, given: (n, k) bool, themes people gave and tags the model gave.
        probabilities: (n, k) float32, 0 throughout where serving shows no scores.
        stage: (n,) int8, the place in `models.scoring.STAGES` of what gave the probabilities.
        reasons: why a paper has no tag, or what was odd; "" where nothing was.
    """

    name: str
    promise: str
    ids: tuple[str, ...]
    taxonomy: Taxonomy
    truth: BoolMatrix
    given: BoolMatrix
    probabilities: FloatMatrix
    stage: npt.NDArray[np.int8]
    reasons: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> Predictions:
        """The same for some of the papers, in the order asked for."""
        index = np.asarray(rows, dtype=np.int64)
        return replace(
            self,
            ids=tuple(self.ids[row] for row in index),
            truth=self.truth[index],
            given=self.given[index],
            probabilities=self.probabilities[index],
            stage=self.stage[index],
            reasons=tuple(self.reasons[row] for row in index),
        )


def predict(
    bundle: ModelBundle,
    labelled: Sequence[LabelledPaper],
    profile: Profile = "auto",
    promises: Sequence[str] = ("f1",),
    *,
    progress: Progress = no_progress,
) -> list[Predictions]:
    """One `Predictions` a promise, all from one scoring by the very functions that serve.

    Raises:
        ThemeError: a label that the bundle's taxonomy lacks. InputError: an unknown profile or promise.
        LabelError: no paper.
    """
    if not labelled:
        raise LabelError("there is no labelled paper to evaluate on: give at least one")
    truth = label_matrix(labelled, bundle.taxonomy)
    papers = [item.paper for item in labelled]
    options = [TagOptions(profile=profile, promise=promise) for promise in promises]
    batches = []
    for start in range(0, len(papers), _BATCH):
        batches.append(_answers(bundle, papers[start : start + _BATCH], profile, options))
        progress("scoring", min(start + _BATCH, len(papers)), len(papers))
    probabilities = np.concatenate([scores for scores, _, _ in batches])
    stage = np.concatenate([which for _, which, _ in batches])
    out = []
    for position, promise in enumerate(promises):
        taggings = [tagging for _, _, answers in batches for tagging in answers[position]]
        out.append(
            Predictions(
                f"{bundle.name.name} {bundle.name.version} ({profile})",
                promise,
                tuple(paper.id for paper in papers),
                bundle.taxonomy,
                truth,
                _given(taggings, bundle.taxonomy),
                probabilities,
                stage,
                tuple(tagging.reasons[0] if tagging.reasons else "" for tagging in taggings),
            )
        )
    return out


def _answers(
    bundle: ModelBundle, papers: Sequence[Paper], profile: str, options: Sequence[TagOptions]
) -> tuple[FloatMatrix, npt.NDArray[np.int8], list[list[Tagging]]]:
    texts = [paper.text for paper in papers]
    blocked = [text_reason(text) for text in texts]
    usable = np.array([reason is None for reason in blocked], dtype=bool)
    of_field = listed(papers, bundle.field_categories)
    scored: Scored = score_texts(bundle, texts, profile, usable=usable, of_field=of_field)
    answers = [answer_scored(bundle, papers, scored, blocked, option) for option in options]
    probabilities = scored.probabilities.copy()
    probabilities[[reason == "no_text" for reason in blocked]] = 0.0
    return probabilities, scored.stage, answers


def _given(taggings: Sequence[Tagging], taxonomy: Taxonomy) -> BoolMatrix:
    out = np.zeros((len(taggings), len(taxonomy)), dtype=bool)
    for row, tagging in enumerate(taggings):
        out[row, [taxonomy.columns[tag.theme] for tag in tagging.tags]] = True
    return out


def save_predictions(predictions: Predictions, path: Path) -> None:
    """Write a score file; the same predictions give the same bytes.

    Raises:
        InputError: the file cannot be written.
    """
    facts = {
        "format": FORMAT,
        "name": predictions.name,
        "promise": predictions.promise,
        "ids": predictions.ids,
        "reasons": predictions.reasons,
        "taxonomy": predictions.taxonomy.to_json(),
    }
    arrays = {name: np.ascontiguousarray(getattr(predictions, name)) for name in _ARRAYS}
    try:
        save_file(arrays, path, metadata={"paperwire": json.dumps(facts, ensure_ascii=False)})
    except (OSError, SafetensorError) as error:
        raise InputError(f"cannot write the scores {path}: {error}") from None


_ARRAYS = ("probabilities", "truth", "given", "stage")


def load_predictions(path: Path) -> Predictions:
    """The predictions of a score file.

    Raises:
        InputError: no such file, or none that `save_predictions` wrote.
    """
    try:
        with safe_open(path, framework="numpy") as stream:
            facts = json.loads((stream.metadata() or {}).get("paperwire", "{}"))
            arrays = {name: stream.get_tensor(name) for name in _ARRAYS}
        return _loaded(facts, arrays)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError, ThemeError) as error:
        raise InputError(f"{path} is no score file of `paperwire evaluate --save-scores`: {error}") from None


def _loaded(facts: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Predictions:
    if facts.get("format") != FORMAT:
        raise ValueError(f"format {facts.get('format')!r}, expected {FORMAT!r}")
    taxonomy, ids, reasons = Taxonomy.from_json(facts["taxonomy"]), tuple(facts["ids"]), tuple(facts["reasons"])
    shape = (len(ids), len(taxonomy))
    shapes = [arrays[name].shape for name in ("probabilities", "truth", "given")]
    if shapes != [shape] * 3 or arrays["stage"].shape != shape[:1] or len(reasons) != len(ids):
        raise ValueError(f"its arrays do not fit {shape[0]} papers and {shape[1]} themes")
    return Predictions(
        str(facts["name"]),
        str(facts["promise"]),
        ids,
        taxonomy,
        arrays["truth"].astype(bool),
        arrays["given"].astype(bool),
        arrays["probabilities"].astype(np.float32),
        arrays["stage"].astype(np.int8),
        reasons,
    )


def check_same_themes(first: Taxonomy, second: Taxonomy) -> None:
    """Nothing, if both have the same themes, in whatever order.

    Raises:
        InputError: they have not.
    """
    odd = sorted(set(first.ids) ^ set(second.ids))
    if odd:
        raise InputError(f"only models of the same themes can be compared: {odd[0]!r} is known to one of them only")


def aligned(first: Predictions, second: Predictions) -> tuple[Predictions, Predictions]:
    """Both for the papers they share, in the first's order of papers and themes.

    Raises:
        InputError: other themes, no shared paper, or other labels for a shared paper.
    """
    check_same_themes(first.taxonomy, second.taxonomy)
    order = [second.taxonomy.columns[theme] for theme in first.taxonomy.ids]
    places = {paper: row for row, paper in enumerate(second.ids)}
    mine = [row for row, paper in enumerate(first.ids) if paper in places]
    if not mine:
        raise InputError("the two models were scored on other papers: score both on the same label file")
    a = first.rows(mine)
    b = second.rows([places[paper] for paper in a.ids])
    b = replace(
        b,
        taxonomy=first.taxonomy,
        truth=b.truth[:, order],
        given=b.given[:, order],
        probabilities=b.probabilities[:, order],
    )
    unlike = np.flatnonzero((a.truth != b.truth).any(axis=1))
    if len(unlike):
        raise InputError(
            f"the second scores have other labels for {counted(len(unlike), 'paper')}, e.g. {a.ids[unlike[0]]}: "
            "score both anew"
        )
    return a, b
