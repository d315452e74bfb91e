import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.feeds.identity import doi_name, one_line, paper_id


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"arxiv": "2603.09122v3", "doi": "10.1000/x"}, "arxiv:2603.09122"),
        ({"doi": "10.48550/arXiv.2603.09122"}, "arxiv:2603.09122"),
        ({"doi": "https://doi.org/10.48550/arXiv.quant-ph/0201082"}, "arxiv:quant-ph/0201082"),
        ({"url": "http://arxiv.org/abs/math.GT/0309136v1", "doi": "10.1000/x"}, "arxiv:math/0309136"),
        ({"own": "oai:arXiv.org:hep-th/9901001"}, "arxiv:hep-th/9901001"),
        ({"own": "2603.09122"}, "arxiv:2603.09122"),
        ({"own": "2613.09122", "title": "t"}, "2613.09122"),
        ({"own": "quant-ph/0201082v2"}, "arxiv:quant-ph/0201082"),
        ({"own": "parts/0201082"}, "parts/0201082"),
        ({"doi": "HTTPS://DX.DOI.ORG/10.1145/ABC.1", "url": "https://a.example/1"}, "doi:10.1145/abc.1"),
        ({"url": "https://doi.org/10.1145/ABC.1"}, "doi:10.1145/abc.1"),
        ({"url": " https://a.example/Paper?id=1 ", "own": "k1"}, "url:https://a.example/Paper?id=1"),
        ({"url": "not an address", "own": "k1"}, "k1"),
        ({"own": "tag:a.example,2024:1", "title": "t"}, "tag:a.example,2024:1"),
        ({}, ""),
        ({"title": "  "}, ""),
    ],
)
def test_the_most_durable_identifier_wins(given_, expected):
    assert paper_id(**given_) == expected


def test_a_title_alone_gives_an_id_that_ignores_case_and_wrapping():
    first = paper_id(title="Raft on\n  Persistent Memory")
    assert first.startswith("sha256:") and len(first) == len("sha256:") + 16
    assert first == paper_id(title="raft on persistent memory")
    assert first != paper_id(title="Raft on volatile memory")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("doi:10.1000/XYZ.", "10.1000/xyz"),
        ("info:doi/10.1000/xyz", "10.1000/xyz"),
        ("10.1000.10/123", "10.1000.10/123"),
        ("11.1000/xyz", ""),
        ("10.1000/", ""),
        ("see 10.1000/xyz", ""),
    ],
)
def test_dois_are_recognised_and_normalised(reference, expected):
    assert doi_name(reference) == expected


@given(st.text(), st.text(), st.text(), st.text(), st.text())
def test_any_text_gives_a_stable_one_line_id(arxiv, doi, url, own, title):
    found = paper_id(arxiv=arxiv, doi=doi, url=url, own=own, title=title)
    assert found == one_line(found)
    assert found == paper_id(arxiv=arxiv, doi=doi, url=url, own=own, title=title)
    if own.split() or title.split():
        assert found
