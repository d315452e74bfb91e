"""Report, model card and figures of a bundle, written beside it."""

from __future__ import annotations

import json
from pathlib import Path

from models.bundle import ModelBundle
from models.errors import StoreError
from training.card import CardFacts, model_card
from training.encoders import MINILM_NAME
from training.measuring import Measured
from training.problems import LabelReport
from training.report import write_report
from training.sections import Extras

CARD, FIGURES = "MODEL_CARD.md", "evaluation.json"


def publish(bundle: ModelBundle, measured: Measured, problems: LabelReport, directory: Path) -> Path:
    """Write report.html, report.md, charts, MODEL_CARD.md and evaluation.json; comes back with the page's path.

    Raises:
        StoreError: the directory cannot be written.
    """
    found = measured.evaluation
    card = model_card(bundle, [found, *measured.others], _facts(bundle, measured))
    figures = found.to_json() | {"labels": problems.to_json(), "measured_on": measured.what}
    try:
        page = write_report(found, directory, Extras(learning=measured.curve, labels=problems))
        (directory / CARD).write_text(card, encoding="utf-8")
        text = json.dumps(figures, indent=1, ensure_ascii=False) + "\n"
        (directory / FIGURES).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"cannot write the report {directory}: {error.strerror}") from None
    return page


def _facts(bundle: ModelBundle, measured: Measured) -> CardFacts:
    encoder = str((bundle.manifest.get("encoder") or {}).get("name", ""))
    base = f"sentence-transformers/{MINILM_NAME}" if MINILM_NAME in encoder else ""
    return CardFacts(data="the labels that it was trained with", split=measured.what, base_model=base)
