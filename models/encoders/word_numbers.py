"""Words and their numbers, exactly as a `tokenizers` word model gives them, at a quarter of its time.

`fit_words` makes a tokenizer that decomposes characters (NFKD), takes accents off, lowers case,
splits at white space and punctuation, and looks whole words up. All of that goes character by
character for the characters that papers are written in, so a regular expression and a table do it
too. Texts with others, and tokenizers of another kind, are left to the tokenizer.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Sequence

from tokenizers import Tokenizer

UNKNOWN = "[UNK]"
"""Stands for all unknown words; a tokenizer finds it in a text as it is written."""

_MARKS = [(mark, f" {mark} ") for mark in string.punctuation]
# Latin, Greek, general punctuation to mathematical operators: none combines with its neighbours once
# decomposed except for accents, which go, so the order of characters (Unicode, section 3.11) cannot change.
# The four control characters that are left out are blanks for `str.split` alone.
_HARD = re.compile(r"[^\x00-\x1b\x20-\u02ff\u0370-\u03ff\u2000-\u20cf\u2100-\u22ff]")
_ODD = re.compile(r"[^\x00-\x7f]")
_FITTED = {
    "normalizer": {
        "type": "Sequence",
        "normalizers": [{"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}],
    },
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "truncation": None,
    "padding": None,
}


class WordNumbers:
    """Numbers of words by the vocabulary of a tokenizer.

    Args:
        tokenizer: of any kind; one that `fit_words` made costs a quarter of its own time.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._numbers = tokenizer.get_vocab(with_added_tokens=False) if _is_fitted(tokenizer) else None
        self._characters: dict[str, str] = {}

    def of(self, texts: Sequence[str]) -> list[list[int]]:
        """For each text the numbers of its words in order; 0 for an unknown word."""
        if self._numbers is None:
            return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        return [self._of(text, self._numbers) for text in texts]

    def _of(self, text: str, numbers: dict[str, int]) -> list[int]:
        if UNKNOWN in text or _HARD.search(text):
            ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
            return ids
        if not text.isascii():
            text = _ODD.sub(self._plain, text)
        text = text.lower()
        for mark, parted in _MARKS:  # a pattern takes twice as long
            if mark in text:
                text = text.replace(mark, parted)
        return [numbers.get(word, 0) for word in text.split()]

    def _plain(self, match: re.Match[str]) -> str:
        """What stands for a character outside ASCII so that lowering and splitting do the rest."""
        character = match[0]
        if character not in self._characters:
            decomposed = self._tokenizer.normalizer.normalize_str(character)
            self._characters[character] = "".join(map(self._parted, decomposed))
        return self._characters[character]

    def _parted(self, character: str) -> str:
        """White space as a blank, punctuation between blanks, anything else as it is."""
        pieces = len(self._tokenizer.pre_tokenizer.pre_tokenize_str(f"a{character}a"))
        return character if character.isascii() or pieces == 1 else " " if pieces == 2 else f" {character} "


def _is_fitted(tokenizer: Tokenizer) -> bool:
    """Whether a tokenizer splits as those of `fit_words` do, whatever its words are."""
    made = json.loads(tokenizer.to_str())
    added = [(token["id"], token["content"], token["normalized"]) for token in made["added_tokens"]]
    model = (made["model"]["type"], made["model"].get("unk_token"), made["model"]["vocab"].get(UNKNOWN))
    return (
        all(made[part] == wanted for part, wanted in _FITTED.items())
        and added == [(0, UNKNOWN, False)]
        and model == ("WordLevel", UNKNOWN, 0)
    )
