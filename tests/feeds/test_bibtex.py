import io
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FeedError
from models.paper import Paper
from service.feeds import Skipped, iter_entries, parse

ENTRY = r"""
@article{vane26,
  title = {{Quorum Leases} for $\log n$ Logs},
  author = {Vane, Ada and {The Log Group} and Bo van der Lund and Th{\'e}rien, Bea},
  abstract = "We revisit {leases}
     for 10\% of all logs.",
  journal = jlog,
  year = 2026, month = feb,
  doi = {10.1000/Leases\_1},
  url = {https://journal.example/leases},
  note = {in press}
}
"""


def read(text):
    return parse(text.encode(), "bibtex")


def test_an_entry_is_read_field_by_field():
    feed = parse(("@string{jlog = {Journal of Logs}}\n" + ENTRY).encode())
    assert feed.format == "bibtex"
    assert feed.papers == (
        Paper(
            id="doi:10.1000/leases_1",
            title=r"{Quorum Leases} for $\log n$ Logs",
            abstract=r"We revisit {leases} for 10\% of all logs.",
            authors=("Ada Vane", "The Log Group", "Bo van der Lund", "Bea Thérien"),
            published=datetime(2026, 2, 1, tzinfo=UTC),
            url="https://journal.example/leases",
            comment="in press",
            doi="10.1000/Leases_1",
        ),
    )


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ("eprint = {2602.01234v2}, archivePrefix = {arXiv}, primaryClass = {cs.DC}", "arxiv:2602.01234"),
        ("eprint = {hep-th/9901001}, eprinttype = {arxiv}", "arxiv:hep-th/9901001"),
        ("journal = {arXiv preprint arXiv:2602.01234}", "arxiv:2602.01234"),
        ("journal = {CoRR}, url = {http://arxiv.org/abs/2602.01234}", "arxiv:2602.01234"),
        ("howpublished = {\\url{https://arxiv.org/abs/2602.01234}}", "arxiv:2602.01234"),
        ("eprint = {1234567}, eprinttype = {jstor}", "k"),
        ("url = {\\url{https://a.example/p_1}}", "url:https://a.example/p_1"),
        ("DOI = {https://doi.org/10.1000/xyz}", "doi:10.1000/xyz"),
        ("", "k"),
    ],
)
def test_the_paper_is_identified_wherever_its_number_stands(fields, name):
    (paper,) = read(f"@misc{{k, title = {{Leases}}, {fields}}}").papers
    assert paper.id == name


def test_the_class_of_a_preprint_is_its_category_and_its_version_counts():
    (paper,) = read("@misc{k, title={L}, eprint={2602.01234v2}, primaryclass={cs.DC}}").papers
    assert (paper.categories, paper.version) == (("cs.DC",), 2)


def test_two_entries_with_one_key_are_two_papers():
    feed = read("@misc{k, title={One}, doi={10.1000/1}}\n@misc{k, title={Two}, doi={10.1000/2}}")
    assert [paper.title for paper in feed.papers] == ["One", "Two"]


def test_of_a_field_given_twice_the_first_counts():
    assert read("@misc{k, title={One}, title={Two}}").papers[0].title == "One"


@pytest.mark.parametrize(
    "broken",
    [
        "@article{broken, title = {Never closed,",
        "@article{broken, title = {One}} }",
        '@article{broken, title = "Never closed}',
        "@article{broken title = {No comma}}",
        "@article{broken, title {No sign}}",
        "@article(broken, title = {Closed by a brace}}",
        "@string{broken",
    ],
)
def test_a_broken_entry_costs_no_other(broken):
    feed = read(f"@misc{{a, title={{One}}}}\n\n{broken}\n\n@misc{{b, title={{Two}}}}\n")
    assert {"a", "b"} <= {paper.id for paper in feed.papers}
    assert all(skipped.position == 3 and skipped.reason for skipped in feed.skipped)


def test_a_broken_entry_is_named_by_its_key_and_line():
    feed = read("@misc{a, title={One}}\n@article{broken, title = {Never closed,\n\n@misc{b, title={Two}}")
    assert [(skipped.position, skipped.id) for skipped in feed.skipped] == [(2, "broken")]


def test_a_book_without_title_has_that_of_the_book():
    assert read("@collection{k, booktitle={Logs}}").papers[0].title == "Logs"
    assert isinstance(read("@inproceedings{k, booktitle={Logs}}").skipped[0], Skipped)


def test_text_without_entries_is_an_error_or_empty():
    with pytest.raises(FeedError, match="no '@'"):
        list(iter_entries(io.BytesIO(b"no entries here"), "bibtex"))
    assert read("@comment{nothing}").notes == ("empty result: the feed holds no entries",)


@pytest.mark.parametrize(
    "data", [ENTRY.encode("utf-16"), ENTRY.replace("\n", "\r\n").encode(), ENTRY.encode("utf-8-sig")]
)
def test_encodings_and_line_ends_do_not_matter(data):
    feed = parse(data)
    assert feed.format == "bibtex" and feed.papers[0].id == "doi:10.1000/leases_1"


@given(st.text(st.sampled_from('@{}()",=#\\\n ab1'), max_size=120))
def test_any_text_gives_entries(text):
    assert read("@misc{k, title={One}}\n" + text).format == "bibtex"


@pytest.mark.parametrize(
    "hostile", ["@a{" * 30_000, "{" * 200_000, "@misc{k, author={" + "}" * 100_000, '@a{k,"' * 20_000]
)
def test_hostile_libraries_cost_time_in_proportion(hostile):
    def cost(text):
        begin = time.process_time()
        parse(text.encode(), "bibtex")
        return time.process_time() - begin

    # A quarter of the text may cost a quarter of the time, not a sixteenth: the square of it would.
    assert cost(hostile) < 12 * cost(hostile[: len(hostile) // 4]) + 1
