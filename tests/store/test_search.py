"""What a person types is read into words; nothing can be a syntax error."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.errors import InputError
from models.paper import Paper
from service.store import PaperFilter, Sort
from service.store.search import MAX_QUERY_CHARS, Term, read_query, words_of

PAPERS = (
    Paper(
        id="a", title="Federated averaging on wards", abstract="Many clients train one model.", authors=("Zoë Šimić",)
    ),
    Paper(
        id="b",
        title="A cache for keys",
        abstract="The KV-cache of federations grows; we page it.",
        authors=("Al Cache",),
    ),
    Paper(
        id="c",
        title='G\\"odel numbers in compilers',
        abstract="We cache nothing and use $O(n)$ space.",
        authors=("Bo Ek",),
    ),
    Paper(id="d", title="Sur les réseaux", abstract="Étude d'un protocole.", authors=("Renée Lô",)),
)


def found(store, typed: str) -> str:
    return "".join(sorted(item.paper.id for item in store.listing.iterate(PaperFilter(text=typed))))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("cache", "bc"),
        ("caches caching", "bc"),
        ("federated", "ab"),
        ("federat*", "ab"),
        ("feder*", "ab"),
        ("fede*", "ab"),
        ("cache -nothing", "b"),
        ("cache NOT nothing", "b"),
        ("-cache", "ad"),
        ("clients OR protocole", "ad"),
        ("clients OR protocole etude", "d"),
        ('"one model"', "a"),
        ('"model one"', ""),
        ('"one model', "a"),
        ("kv-cache", "b"),
        ("title:cache", "b"),
        ("abstract:cache", "bc"),
        ("author:cache", "b"),
        ("ti:cache au:ek", ""),
        ("author:simic", "a"),
        ("ŠIMIĆ", "a"),
        ("reseaux", "d"),
        ("godel", "c"),
        ("unknown:cache", ""),
        ("the", "b"),
        ("***", ""),
        ("   ", "abcd"),
        ("cache AND nothing", "c"),
        ("NEAR(cache)", ""),
        ("OR cache", "bc"),
        ("cache OR", "bc"),
    ],
)
def test_queries_find_what_they_say(store, typed, expected):
    store.papers.upsert(PAPERS)
    assert found(store, typed) == expected


@given(
    st.lists(
        st.one_of(
            st.text(max_size=40),
            st.sampled_from(
                ['"', "*", "(", ")", ":", "'", "-", "NEAR", "OR", "!", "&", "|", "<->", "\\", "title:", ":*", "^"]
            ),
        ),
        max_size=8,
    )
)
@example(['"a', "*", 'b"', ":", "(", "''"])
@example(["a\x00b", "\ud800"])
@example(["1e5", "3.14", "a_b", "http://x.example/y?z", "a@b.example", "/usr/lib"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=80)
def test_no_text_is_an_error(store, pieces):
    typed = " ".join(pieces)
    store.listing.count(PaperFilter(text=typed))
    if read_query(typed).required:
        store.listing.page(PaperFilter(text=typed), sort=Sort.RELEVANCE, limit=1)


@given(st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
def test_every_text_that_has_words_is_found_by_its_own_words(store, title):
    store.papers.upsert([Paper(id="mine", title=title, version=1), PAPERS[0]])
    words = words_of(store.papers.get("mine").paper.title)[:8]
    if words and not {"or", "and", "not"} & set(words):
        assert "mine" in found(store, " ".join(words))


def test_too_long_a_query_is_refused_with_its_length():
    with pytest.raises(InputError, match=str(MAX_QUERY_CHARS + 1)):
        read_query("x" * (MAX_QUERY_CHARS + 1))


def test_a_query_is_read_into_groups_and_exclusions():
    query = read_query('ti:"paged attention" kv OR cach* -survey')
    assert query.required == ((Term(("paged", "attention"), "title"),), (Term(("kv",)), Term(("cach",), prefix=True)))
    assert query.excluded == (Term(("survey",)),)


def test_relevance_ranks_titles_over_abstracts(store):
    store.papers.upsert(PAPERS)
    page = store.listing.page(PaperFilter(text="cache"), sort=Sort.RELEVANCE)
    assert [item.paper.id for item in page.items] == ["b", "c"]


def test_a_changed_text_is_found_by_its_new_words_only(store):
    store.papers.upsert([Paper(id="a", title="Old words", version=1)])
    store.papers.upsert([Paper(id="a", title="New phrase", version=2)])
    assert (found(store, "words"), found(store, "phrase")) == ("", "a")
    assert store.check() == []


def test_a_text_of_a_megabyte_is_indexed(store):
    store.papers.upsert([Paper(id="long", title="Long", abstract=" ".join(f"word{n}" for n in range(120_000)))])
    assert found(store, "word77") == "long"
