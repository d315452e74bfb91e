"""Words are numbered exactly as the tokenizer numbers them, whatever stands in a text."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, normalizers, pre_tokenizers

from models.bundle import SHIPPED
from models.encoders.word_numbers import UNKNOWN, WordNumbers
from training.dataset import load_labels
from training.lexical import fit_words

LABELS = Path(__file__).parents[2].parent / "shared" / "data" / "labels"
_SEEN = (
    "The moe-model, a state of the art (SOTA) ΩΣ kernel: 3.5x faster; naive résumé I is i. Unk [unk] μs κ 12 1⁄2 " * 3
)
_PIECES = st.sampled_from(
    ["the", "Model", " ", "-", "Σ", "É", "\u0301", "\u1e9b\u0323", "½", "\x1d", "\x85", "[UNK]", "ſ"]
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return fit_words([_SEEN], min_count=1)


def _expected(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


@given(text=st.one_of(st.text(), st.lists(_PIECES).map("".join), st.text("aThe Σ-\x1c\xa0–’é\u0301½[UNK]中")))
@example("[UNK] model [unk] [UNK")
@example("a\x1ca\x0ba\x85a\u2028a\u3000a")
@example("\uff3bUNK\uff3d \u0130I\u0131 ΑΣ. ΑΣ")
def test_any_text_has_the_words_of_the_tokenizer(tokenizer: Tokenizer, text: str) -> None:
    assert WordNumbers(tokenizer).of([text, ""]) == _expected(tokenizer, [text, ""])


def test_every_character_is_split_and_lowered_alike() -> None:
    """With a vocabulary of all that the tokenizer makes of a character, a wrong piece has another number."""
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    texts = [" ".join(characters[start : start + 256]) for start in range(0, 0x3100, 256)]
    texts += ["x".join(characters[start : start + 256]) for start in range(0, 0x3100, 256)]
    tokenizer = fit_words(texts, size=60_000, min_count=1)
    found = WordNumbers(tokenizer).of(texts)
    assert found == _expected(tokenizer, texts)
    assert all(0 not in numbers for numbers in found[1:8])


def test_a_tokenizer_of_another_kind_is_asked_itself() -> None:
    cased = fit_words([_SEEN], min_count=1)
    cased.normalizer = normalizers.NFKC()
    split = fit_words([_SEEN], min_count=1)
    split.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    added = fit_words([_SEEN], min_count=1)
    added.add_tokens(["art (SOTA)"])
    for tokenizer in (cased, split, added):
        assert WordNumbers(tokenizer).of([_SEEN]) == _expected(tokenizer, [_SEEN])


@pytest.mark.skipif(not LABELS.exists(), reason="the labelled papers are not here")
def test_labelled_papers_have_the_words_of_the_shipped_bundle() -> None:
    tokenizer = Tokenizer.from_file(str(SHIPPED / "words.json"))
    texts = [record.paper.text for record in load_labels(LABELS / "dev.jsonl")]
    texts += [record.paper.title + UNKNOWN + record.paper.abstract for record in load_labels(LABELS / "dev.jsonl")]
    assert WordNumbers(tokenizer).of(texts) == _expected(tokenizer, texts)
