"""Which of some languages a text is in, by py3langid's naive Bayes model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from models.errors import InputError

_CHARACTERS = 2_000


async def detect(text: str, candidates: Sequence[str]) -> list[tuple[str | None, float]]:
    """(ISO 639-1 code, probability in [0, 1]) of each candidate, best first; None for all others together.

    Raises:
        InputError: a code that the model does not know.
    """
    return await asyncio.to_thread(_detect, text, candidates)


def known_languages() -> list[str]:
    """Codes of the languages that can be told apart, in order."""
    return sorted(_identifier().labels)


def _detect(text: str, candidates: Sequence[str]) -> list[tuple[str | None, float]]:
    unknown = sorted(set(candidates) - set(known_languages()))
    if unknown:
        raise InputError(f"languages {', '.join(unknown)} are not known: use ISO 639-1 codes such as en, fi, de")
    if not text.strip():
        return [(None, 1.0), *((code, 0.0) for code in dict.fromkeys(candidates))]
    chances = dict(_identifier().rank(text[:_CHARACTERS]))
    found: list[tuple[str | None, float]] = [(code, chances[code]) for code in dict.fromkeys(candidates)]
    found.append((None, max(0.0, 1.0 - sum(chance for _, chance in found))))
    return sorted(((code, round(chance, 6)) for code, chance in found), key=lambda pair: -pair[1])


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # loads a model of its own

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
