"""Full-text search: what is indexed, and what a person may type.

Titles, authors and abstracts are cleaned of markup, folded (no accents, lower case) and cut into
words here, the same for every database and for queries, and stemmed as English by the database.
A query is read into `TextQuery` and written out anew from its words alone, so nothing a person
types can be an error in the database's own query language.

    kv cache            both words            "all reduce"    the words in a row
    cache OR caching    one of the two        -survey         not this word (also NOT survey)
    title:serving       in the title only; also abstract: and author:
    quant*              words that begin so

On SQLite the index is a contentless FTS5 table: the text is not stored twice. Taking a row out of
such a table needs its old text word by word, and a wrong word damages the index, so rows are never
taken out: a paper whose text changed gets a new row number in `papers.search_row`, and the old row
is one that no paper points to (https://www.sqlite.org/fts5.html, 4.4.1 and 6.2).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Double, Label, Select, cast, delete, func, literal_column, select, text

from models.errors import InputError
from models.paper import Paper
from models.text import clean
from service.store.schema import paper_search

MAX_QUERY_CHARS = 1_000
"""Longest text query accepted, in characters."""
_MAX_INDEXED_CHARS = 150_000  # PostgreSQL holds at most 1 MiB of words a document
_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(r'(?P<minus>-?)(?:(?P<field>[A-Za-z]{2,8}):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))|"')
_FIELDS = {
    "title": "title", "ti": "title", "abstract": "abstract", "abs": "abstract",
    "author": "authors", "authors": "authors", "au": "authors",
}  # fmt: skip
_WEIGHTS = {"title": "A", "authors": "B", "abstract": "C"}
# Stemming cuts "federated" to "feder", so "federat*" must look for common endings as whole words too.
_ENDINGS = ("", "e", "s", "es", "ed", "ing", "ion", "or", "y")


class Term(NamedTuple):
    """Words in a row; `field` limits where ("" anywhere); `prefix`: the last one is a beginning."""

    words: tuple[str, ...]
    field: str = ""
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class TextQuery:
    """A text query, read.

    Attributes:
        required: groups that must all match; a group matches where one of its terms does.
        excluded: terms none of which may match.
    """

    required: tuple[tuple[Term, ...], ...] = ()
    excluded: tuple[Term, ...] = ()


def words_of(markup: str) -> list[str]:
    """The words of a title, abstract or name as they are indexed: folded, without punctuation."""
    return _WORD.findall(_folded(clean(markup)))


def read_query(typed: str) -> TextQuery:
    """The query a person typed; any text can be read, words are all that counts.

    Raises:
        InputError: longer than `MAX_QUERY_CHARS`.
    """
    if len(typed) > MAX_QUERY_CHARS:
        raise InputError(
            f"the text query has {len(typed)} characters, at most {MAX_QUERY_CHARS} are allowed: shorten it"
        )
    required: list[tuple[Term, ...]] = []
    excluded: list[Term] = []
    either = negated = False
    for match in _PIECE.finditer(typed):
        if match["word"] in {"OR", "AND", "NOT"} and not match["minus"] and not match["field"]:
            either, negated = match["word"] == "OR", match["word"] == "NOT"
            continue
        term = _term(match)
        if not term.words:
            continue
        if negated or match["minus"]:
            excluded.append(term)
        elif either and required:
            required[-1] += (term,)
        else:
            required.append((term,))
        either = negated = False
    return TextQuery(tuple(required), tuple(excluded))


def matching(group: Sequence[Term], sqlite: bool) -> Select[Any]:
    """Search rows in which one of the terms is found."""
    if sqlite:
        found = literal_column("paper_search").op("MATCH")(" OR ".join(map(_fts5, group)))
        return select(literal_column("rowid").label("search_row")).select_from(text("paper_search")).where(found)
    query = func.to_tsquery("paperwire", " | ".join(map(_tsquery, group)))
    return select(paper_search.c.search_row).where(paper_search.c.document.op("@@")(query))


def ranking(query: TextQuery, sqlite: bool) -> Select[Any] | None:
    """Columns search_row and score (higher is better) of all rows with every required group; None without one.

    The score is BM25 on SQLite and `ts_rank` on PostgreSQL, titles counting most: comparable within
    one store and query only.
    """
    if not query.required:
        return None
    return _bm25(query) if sqlite else _ts_rank(query)


def _bm25(query: TextQuery) -> Select[Any]:
    words = " AND ".join(f"({' OR '.join(map(_fts5, group))})" for group in query.required)
    score: Label[Any] = literal_column("-bm25(paper_search, 5.0, 3.0, 1.0)").label("score")
    found = literal_column("paper_search").op("MATCH")(words)
    return select(literal_column("rowid").label("search_row"), score).select_from(text("paper_search")).where(found)


def _ts_rank(query: TextQuery) -> Select[Any]:
    words = " & ".join(f"({' | '.join(map(_tsquery, group))})" for group in query.required)
    typed, document = func.to_tsquery("paperwire", words), paper_search.c.document
    score = func.ts_rank(literal_column("'{0.1,0.2,0.6,1.0}'::float4[]"), document, typed)
    # As a double: a cursor must hold exactly what the next page is compared with.
    return select(paper_search.c.search_row, cast(score, Double).label("score")).where(document.op("@@")(typed))


def index(connection: Connection, entries: Iterable[tuple[int, Paper]], replaced: Sequence[int], sqlite: bool) -> None:
    """Add papers under new row numbers, in the caller's transaction; `replaced` numbers are out of use."""
    rows = [{"row": row, **_document(paper)} for row, paper in entries]
    if rows:
        connection.execute(_INSERT_FTS5 if sqlite else _INSERT_TSVECTOR, rows)
    if replaced and not sqlite:
        connection.execute(delete(paper_search).where(paper_search.c.search_row.in_(replaced)))


_INSERT_FTS5 = text(
    "INSERT INTO paper_search (rowid, title, authors, abstract) VALUES (:row, :title, :authors, :abstract)"
)
_INSERT_TSVECTOR = text(
    "INSERT INTO paper_search (search_row, document) VALUES (:row, "
    "setweight(to_tsvector('paperwire', :title), 'A') || setweight(to_tsvector('paperwire', :authors), 'B') || "
    "setweight(to_tsvector('paperwire', :abstract), 'C'))"
)


def _document(paper: Paper) -> Mapping[str, str]:
    texts = {"title": paper.title, "authors": " ".join(paper.authors), "abstract": paper.abstract}
    return {name: " ".join(words_of(markup))[:_MAX_INDEXED_CHARS] for name, markup in texts.items()}


def _folded(plain: str) -> str:
    if plain.isascii():
        return plain.lower()
    apart = unicodedata.normalize("NFKD", plain.casefold())
    return unicodedata.normalize("NFC", "".join(letter for letter in apart if unicodedata.category(letter) != "Mn"))


def _term(match: re.Match[str]) -> Term:
    field = _FIELDS.get((match["field"] or "").lower(), "")
    typed = match["phrase"] if match["phrase"] is not None else match["word"] or ""
    if match["field"] and not field:
        typed = f"{match['field']}:{typed}"
    words = tuple(_WORD.findall(_folded(typed)))
    prefix = match["word"] is not None and typed.endswith("*") and bool(words) and len(words[-1]) > 1
    return Term(words, field, prefix)


def _spellings(term: Term) -> list[tuple[str, bool]]:
    """Phrases to look for, and whether each one's last word is a beginning."""
    phrase = " ".join(term.words)
    if not term.prefix:
        return [(phrase, False)]
    return [(phrase, True), *((phrase + ending, False) for ending in _ENDINGS)]


def _fts5(term: Term) -> str:
    field = f"{term.field} : " if term.field else ""
    parts = (f'{field}"{phrase}"{" *" if prefix else ""}' for phrase, prefix in _spellings(term))
    return f"({' OR '.join(parts)})"


def _tsquery(term: Term) -> str:
    weight = _WEIGHTS.get(term.field, "")
    return f"({' | '.join(_lexemes(phrase, prefix, weight) for phrase, prefix in _spellings(term))})"


def _lexemes(phrase: str, prefix: bool, weight: str) -> str:
    mark = f":{weight}" if weight else ""
    *before, last = phrase.split(" ")
    end = f"{last}:{'*' if prefix else ''}{weight}" if prefix or weight else last
    return "(" + " <-> ".join([*(word + mark for word in before), end]) + ")"
