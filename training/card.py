"""The model card of a bundle: Markdown with the metadata that the Hugging Face hub reads.

Format: https://huggingface.co/docs/hub/model-cards, results as `model-index` after
https://github.com/huggingface/hub-docs/blob/main/modelcard.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from models.bundle import ModelBundle
from models.errors import InputError
from models.words import counted
from training.cells import FIGURE_NAMES, estimate_cells, number
from training.document import Block, Bullets, Heading, Paragraph, table, to_markdown
from training.evaluate import Evaluation
from training.findings import FEW_LABELS

_METRICS: Mapping[str, str] = {
    "micro_f1": "f1",
    "macro_f1": "f1",
    "micro_precision": "precision",
    "micro_recall": "recall",
    "precision_at_1": "precision",
    "ndcg_at_5": "ndcg",
    "ece": "expected_calibration_error",
    "brier": "brier_score",
}
_LOW_F1 = 0.5


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the measurements do not say.

    Attributes:
        data: name of the evaluation data. split: which part of it, with its dates.
        license: SPDX id in lower case, as the hub writes it. languages: ISO 639-1 codes.
        origin: a sentence or two on where the labels come from.
        base_model: hub id of the encoder's start, "" where it has none.
    """

    data: str
    split: str = "dev"
    license: str = "apache-2.0"
    languages: tuple[str, ...] = ("en",)
    origin: str = ""
    base_model: str = ""


def model_card(bundle: ModelBundle, evaluations: Sequence[Evaluation], facts: CardFacts) -> str:
    """The text of the card, ids and figures only.

    Args:
        evaluations: of this bundle, one or more profiles on the same data.

    Raises:
        InputError: no evaluation, or one of another bundle.
    """
    if not evaluations:
        raise InputError("a model card needs at least one evaluation of its bundle")
    for evaluation in evaluations:
        if evaluation.model["sha256"] != bundle.name.sha256:
            raise InputError(f"the evaluation is of bundle {evaluation.model['sha256'][:12]}, not of this one")
    head = yaml.safe_dump(card_metadata(bundle, evaluations, facts), sort_keys=False, allow_unicode=True)
    title = f"{bundle.name.name} {bundle.name.version}"
    return f"---\n{head}---\n\n" + to_markdown(title, _body(bundle, evaluations, facts))


def card_metadata(bundle: ModelBundle, evaluations: Sequence[Evaluation], facts: CardFacts) -> dict[str, Any]:
    """The metadata block, one `model-index` result a profile."""
    out: dict[str, Any] = {
        "language": list(facts.languages),
        "license": facts.license,
        "library_name": "paperwire",
        "pipeline_tag": "text-classification",
        "tags": ["multi-label-classification", "research-papers", "calibrated"],
        "metrics": sorted({metric for name, metric in _METRICS.items() if name in evaluations[0].figures}),
    }
    if facts.base_model:
        out["base_model"] = facts.base_model
    results = [_result(evaluation, facts) for evaluation in evaluations]
    return out | {"model-index": [{"name": bundle.name.name, "results": results}]}


def _result(evaluation: Evaluation, facts: CardFacts) -> dict[str, Any]:
    metrics = [
        {"type": kind, "name": f"{FIGURE_NAMES[name]} ({evaluation.options.profile})", "value": round(value, 4)}
        for name, kind in _METRICS.items()
        if not np.isnan(value := evaluation.figures[name].value)
    ]
    return {
        "task": {"type": "text-classification", "name": f"Multi-label tagging, profile {evaluation.options.profile}"},
        "dataset": {"type": "paperwire-labels", "name": facts.data, "split": facts.split, "revision": evaluation.data},
        "metrics": metrics,
    }


def _body(bundle: ModelBundle, evaluations: Sequence[Evaluation], facts: CardFacts) -> list[Block]:
    return [*_about(bundle, facts), *_quality(evaluations, facts), *_limits(evaluations[-1]), *_use()]


def _about(bundle: ModelBundle, facts: CardFacts) -> list[Block]:
    data, encoder = bundle.manifest.get("data") or {}, bundle.manifest.get("encoder") or {}
    taxonomy = bundle.taxonomy
    trained = (
        f"Trained on {data.get('train', 'an unknown number of')} labelled papers, tuned on {data.get('dev', 'no')} "
        f"more (sha256 of the data {str(data.get('sha256', 'unknown'))[:12]}). {facts.origin}"
    )
    rows = [
        (group.label, ", ".join(t.label for t in taxonomy.themes if t.group == group.id)) for group in taxonomy.groups
    ]
    rows += [("", ", ".join(t.label for t in taxonomy.themes if not t.group))] if not taxonomy.groups else []
    return [
        Paragraph(
            f"Gives research papers, from title and abstract, none to several of {counted(len(taxonomy), 'theme')} in "
            f"{counted(len(taxonomy.groups), 'group')}, each with a calibrated probability, and says when it does not "
            f"know. Runs on the CPU without network access. Encoder: {encoder.get('name', 'unknown')}."
        ),
        Paragraph(f"Bundle sha256 {bundle.name.sha256}; taxonomy {bundle.name.taxonomy}."),
        Heading("Themes"),
        table(("group", "themes"), rows),
        Heading("Training data"),
        Paragraph(trained),
        Paragraph("The bundle holds ids and labels of training papers and their vectors, but no text of any paper."),
    ]


def _quality(evaluations: Sequence[Evaluation], facts: CardFacts) -> list[Block]:
    headers = ["figure", *(e.options.profile for e in evaluations)]
    rows = []
    for name, words in FIGURE_NAMES.items():
        cells = [estimate_cells(evaluation.figures[name]) for evaluation in evaluations]
        rows.append((words, *(f"{value} ({interval})" for value, interval in cells)))
    promises = [
        (e.options.profile, check.promise, *estimate_cells(check.measured), "kept" if check.kept else "broken")
        for e in evaluations
        for check in e.promises
    ]
    return [
        Heading("Evaluation"),
        Paragraph(
            f"{counted(len(evaluations[0].predictions), 'paper')} of {facts.data}, {facts.split}; 95 % bootstrap "
            "intervals in brackets. Scoring is strict: tags given to papers without a true theme are wrong."
        ),
        table(headers, rows),
        Heading("Thresholds by promise", 3),
        table(("profile", "promise", "measured", "95 % interval", ""), promises, (2,)),
    ]


def _limits(evaluation: Evaluation) -> list[Block]:
    weak = [t for t in evaluation.themes if t.f1.value < _LOW_F1]
    thin = [t.theme for t in evaluation.themes if t.trained_on is not None and t.trained_on < FEW_LABELS]
    by_title = [s for s in evaluation.slices if s.name == "title only"]
    points = [
        "Reads English titles and abstracts only; other languages and texts without words are refused with a reason.",
        "Judges what a paper says of itself, and neither its quality nor its truth; not for decisions about people.",
        "Papers unlike the training data get a novelty near 1; their probabilities deserve less trust.",
    ]
    if by_title:
        points.append(f"By titles alone the micro-F1 falls to {number(by_title[0].figures['micro_f1'].value)}.")
    if weak:
        points.append(f"F1 below {_LOW_F1}: " + ", ".join(f"{t.theme} ({number(t.f1.value)})" for t in weak) + ".")
    if thin:
        points.append(f"Trained on fewer than {FEW_LABELS} papers: {', '.join(thin)}.")
    if evaluation.seen:
        points.append(f"{evaluation.seen} of the papers measured on were trained on, so the figures flatter.")
    return [Heading("Limits"), Bullets(tuple(points))]


def _use() -> list[Block]:
    return [
        Heading("Use"),
        Paragraph("Name the bundle's directory on the command line, or load it in Python with ModelBundle.load(DIR):"),
        Bullets(("paperwire tag papers.jsonl --bundle DIR", "paperwire evaluate --labels labels.jsonl --bundle DIR")),
    ]
