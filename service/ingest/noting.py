"""Vectors of the papers that are tagged, kept for the search of similar ones and never worked out twice.

While a bundle tags, it meets every text as n-grams and some or all as vectors of its encoder. A
`TextVectors` notes both on the way: its `bundle` gives the same answers as the one it was made of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import scipy.sparse as sp

from models.bundle import ModelBundle
from models.encoders.ngrams import NgramEncoder, Words
from models.encoders.transformer import Encoded, TransformerEncoder
from models.paper import Paper
from models.parts import Dense, Lexical, ProfileSettings
from models.scores import FloatMatrix
from models.themes import Taxonomy
from models.vectors import NgramVectors, encoder_id, ngrams_id
from service.store import Store
from service.store.packing import Floats

_Note = Callable[[Sequence[str], FloatMatrix], None]
_NoteSparse = Callable[[Sequence[str], sp.csr_matrix], None]
Keep = Literal["all", "spare", "none"]
"""Which vectors of a tagged paper are kept: both kinds; n-grams, and the encoder's where tagging ran it; none."""


class TextVectors:
    """Notes the vectors of the texts that a bundle tags.

    Args:
        base: the bundle. encode: also run the encoder on papers that were tagged without it.

    Attributes:
        bundle: what to tag with. encoder, ngrams: names of its vectors in the store.
    """

    def __init__(self, base: ModelBundle, *, encode: bool = False) -> None:
        self.encoder, self.ngrams = encoder_id(base), ngrams_id(base)
        self.bundle = _NotingBundle(base, self._note_ngrams, self._note_dense)
        self._base, self._encode = base, encode
        self._found: dict[str, dict[str, Floats]] = {}
        self.forget()

    def forget(self) -> None:
        """Drop what was noted, as for a preview."""
        self._found = {self.ngrams: {}, self.encoder: {}}

    def save(self, store: Store, papers: Sequence[Paper]) -> None:
        """Keep the vectors of papers that were just tagged; what was noted is forgotten then.

        Papers that rules kept from the bundle are given theirs here.
        """
        wanted = [self.ngrams, self.encoder] if self._encode else [self.ngrams]
        for name in wanted:
            if len(self._found[name]) < len(papers):
                self._complete(store, name, papers)
        for name, found in self._found.items():
            if found:
                store.vectors.save(name, found)
        self.forget()

    def fill(self, store: Store, name: str, papers: Sequence[Paper]) -> None:
        """Keep the vectors of one kind (`encoder` or `ngrams`) of these papers."""
        self.forget()
        self._complete(store, name, papers)
        store.vectors.save(name, self._found[name])
        self.forget()

    def _complete(self, store: Store, name: str, papers: Sequence[Paper]) -> None:
        texts = {digest_of(text): text for text in (paper.text for paper in papers)}
        unknown = [digest for digest in texts if digest not in self._found[name]]
        lacking = [texts[digest] for digest in store.vectors.missing(name, unknown)]
        half = self.bundle.lexical if name == self.ngrams else self.bundle.dense
        if lacking:
            half.encoder.encode(lacking)  # which notes them

    @cached_property
    def _dense_of(self) -> NgramVectors:
        return NgramVectors(self._base.lexical)

    def _note_ngrams(self, texts: Sequence[str], features: sp.csr_matrix) -> None:
        self._note(self.ngrams, texts, self._dense_of.of(features))

    def _note_dense(self, texts: Sequence[str], vectors: FloatMatrix) -> None:
        self._note(self.encoder, texts, vectors)

    def _note(self, name: str, texts: Sequence[str], vectors: FloatMatrix) -> None:
        self._found[name].update(zip(map(digest_of, texts), vectors, strict=True))


def digest_of(text: str) -> str:
    """The `Paper.digest` of a paper with this text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class _NotingBundle(ModelBundle):
    """A view of a bundle whose encoders tell what they make of each text."""

    def __init__(self, base: ModelBundle, sparse: _NoteSparse, dense: _Note) -> None:
        super().__init__(base.directory, base.manifest, base.name.sha256)
        self._base, self._sparse_note, self._dense_note = base, sparse, dense

    @cached_property
    def taxonomy(self) -> Taxonomy:
        return self._base.taxonomy

    @cached_property
    def _lexical(self) -> Lexical:
        own = self._base.lexical
        words = own.encoder
        noting = _NotingNgrams(words.tokenizer, words.keys, words.idf, words.order, note=self._sparse_note)
        return Lexical(noting, own.heads, own.network)

    @cached_property
    def _dense(self) -> Dense:
        own = self._base.dense
        return replace(own, encoder=_NotingEncoder(own.encoder, self._dense_note))

    @cached_property
    def profiles(self) -> dict[str, ProfileSettings]:
        return self._base.profiles


@dataclass(frozen=True)
class _NotingNgrams(NgramEncoder):
    note: _NoteSparse = field(kw_only=True)

    def encode(self, texts: Sequence[str], words: Words | None = None) -> sp.csr_matrix:
        features = super().encode(texts, words)
        self.note(texts, features)
        return features


class _NotingEncoder(TransformerEncoder):
    def __init__(self, own: TransformerEncoder, note: _Note) -> None:
        # Not the base's own: that would load the graph a second time.
        self._own, self._note = own, note
        self.max_tokens, self.dim = own.max_tokens, own.dim

    def encode(self, texts: Sequence[str], *, limit: int | None = None) -> Encoded:
        encoded = self._own.encode(texts, limit=limit)
        # A vector of a text's opening is none of the text.
        whole = encoded.tokens < (self.max_tokens + 1 if limit is None else limit)
        self._note([text for text, kept in zip(texts, whole, strict=True) if kept], encoded.vectors[whole])
        return encoded
