"""Withdrawn papers and deleted records."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.paper import Paper
from service.manners.withdrawn import DeletedRecord, deleted_records, withdrawal


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        (
            "abstract",
            "This paper has been withdrawn by the authors. A proof was wrong.",
            "This paper has been withdrawn by the authors.",
        ),
        (
            "abstract",
            "We bound the load.\n This\n article  is withdrawn due to an error",
            "This article is withdrawn due to an error",
        ),
        ("abstract", "This technical report was retracted.", "This technical report was retracted."),
        (
            "abstract",
            "This submission (and its supplement) has been temporarily withdrawn.",
            "This submission (and its",
        ),
        (
            "abstract",
            "We would like to withdraw this paper after helpful comments.",
            "We would like to withdraw this paper",
        ),
        ("abstract", "The authors have withdrawn this manuscript.", "The authors have withdrawn this manuscript."),
        ("abstract", "This paper has been withdraw by the author.", "This paper has been withdraw"),
        ("abstract", "This paper has been withdrawn from arXiv.", "This paper has been withdrawn from arXiv."),
        ("abstract", "This paper has been withdrawn from the arXiv by its author", "This paper has been withdrawn"),
        ("comment", "Withdrawn", "Withdrawn"),
        ("comment", "WITHDRAWN: see the newer paper", "WITHDRAWN: see the newer paper"),
        ("comment", "Paper withdrawn due to a gap in Lemma 3", "Paper withdrawn due to a gap in Lemma 3"),
        ("comment", "12 pages; withdrawn by the author", "withdrawn by the author"),
        ("comment", "arXiv admin note: withdrawn by arXiv administrators", "withdrawn by arXiv administrators"),
        ("comment", "Submitted in June; the paper has been withdrawn.", "the paper has been withdrawn."),
        ("title", "[Withdrawn] On fair queues", "[Withdrawn] On fair queues"),
        ("title", "RETRACTED ARTICLE: On fair queues", "RETRACTED ARTICLE: On fair queues"),
    ],
)
def test_withdrawn_papers_are_noticed_in_their_own_words(field, text, words):
    found = withdrawal(Paper(id="arxiv:2603.00001", **{field: text}))
    assert found.startswith(words)
    assert len(found) <= 200


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("abstract", "Drugs withdrawn from the market are screened with a graph model."),
        ("abstract", "The plate is withdrawn from the bath; a paper that has been withdrawn is not counted."),
        ("abstract", "We collect papers withdrawn from arXiv and papers that were retracted, and ask why."),
        ("abstract", "Consent was withdrawn by the authorities."),
        ("abstract", "This paper has been accepted. The drug was withdrawn."),
        ("comment", "9 pages; paper withdrawn from a journal and submitted to another"),
        ("comment", "Withdrawn from ICPP 2025"),
        ("comment", "This paper was withdrawn from a workshop for lack of travel money"),
        ("comment", "Withdrawn papers: a study"),
        ("title", "Withdrawn papers and what becomes of them"),
        ("title", "Withdrawal in consensus protocols: a survey"),
        ("title", ""),
    ],
)
def test_papers_about_withdrawing_stand(field, text):
    assert withdrawal(Paper(id="arxiv:2603.00001", **{field: text})) == ""


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_the_words_are_the_papers_own(abstract, comment):
    abstract += " This paper has been withdrawn"
    found = withdrawal(Paper(id="x", abstract=abstract, comment=comment))
    assert found
    assert any(found in " ".join(text.split()) for text in (abstract, comment))


def test_deleted_records_are_listed_with_paper_ids():
    page = b"""<ListRecords>
     <record><header status="deleted"><identifier>oai:arXiv.org:quant-ph/0201082</identifier>
       <datestamp>2026-03-04</datestamp></header></record>
     <record><header><identifier>oai:arXiv.org:2603.00002</identifier><datestamp>2026-03-04</datestamp></header></record>
     <oai:record><oai:header xmlns="x" status='deleted'><oai:identifier>oai:other.example:a&amp;b</oai:identifier>
     </oai:header></oai:record><record><header status="deleted"></header></record></ListRecords>"""
    assert deleted_records(page) == (
        DeletedRecord("arxiv:quant-ph/0201082", "2026-03-04"),
        DeletedRecord("oai:other.example:a&b", ""),
    )


@given(st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_page_is_read(noise):
    assert deleted_records(noise + b'<header status="deleted"><identifier>x</identifier></header>')[-1].id == "x"
