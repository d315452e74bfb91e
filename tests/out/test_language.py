"""The query language: what it means is checked against a plain reading of the same papers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from service.out.conditions import Context
from service.out.language import read_expression, together
from service.out.syntax import MAX_CONDITIONS, MAX_DEPTH
from service.out.tokens import MAX_QUERY_CHARACTERS
from service.store import EVERYTHING, AllOf, AnyOf, Not, PaperFilter, Query, Store, StoredPaper
from tests.out.samples import NAMES, TAXONOMY, fill
from tests.store.samples import START

NOW = START + timedelta(days=3)
CONTEXT = Context(NAMES, NOW)


def read(expression: str) -> Query:
    return read_expression(expression, CONTEXT)


@pytest.fixture(scope="module")
def stored() -> Iterator[Callable[[str], set[str]]]:
    """A function that gives the ids of the papers that an expression takes."""
    with Store.open(":memory:", clock=lambda: START) as store:
        fill(store, 60)
        store.papers.withdraw(["arxiv:2603.00007"])

        def ids(expression: str) -> set[str]:
            query = read(expression)
            found = {item.paper.id for item in store.listing.iterate(query)}
            paged = {item.paper.id for item in store.listing.page(query, limit=1000).items}
            assert found == paged
            return found

        ids.papers = tuple(store.listing.iterate())  # type: ignore[attr-defined]
        yield ids


@pytest.mark.parametrize(
    ("expression", "query"),
    [
        ("", EVERYTHING),
        ("theme:consensus", PaperFilter(all_of=("consensus",))),
        ("theme:consensus,surveys", PaperFilter(any_of=("consensus", "surveys"))),
        ("group:systems p>=0.8", PaperFilter(any_of=("consensus", "gpu-kernels"), min_probability=0.8)),
        ("p>=0.8", PaperFilter(min_probability=0.8)),
        ('text:"erasure code" cat:cs.*', PaperFilter(text='"erasure code"', categories=("cs.*",))),
        ("erasure codes title:fast", PaperFilter(text="erasure codes title:fast")),
        ("NOT group:learning", PaperFilter(none_of=("moe-training", "federated-learning"))),
        ("-theme:surveys -cat:cs.CL", PaperFilter(none_of=("surveys",), not_categories=("cs.CL",))),
        ("since:2d", PaperFilter(first_seen_from=NOW - timedelta(days=2))),
        (
            "published:2026-02",
            PaperFilter(
                published_from=datetime(2026, 2, 1, tzinfo=UTC), published_before=datetime(2026, 3, 1, tzinfo=UTC)
            ),
        ),
        ("is:withdrawn", PaperFilter(withdrawn=True)),
        ("NOT is:withdrawn", Not(PaperFilter(withdrawn=True))),
        ("NOT (theme:consensus AND theme:surveys)", Not(PaperFilter(all_of=("consensus", "surveys")))),
        ("theme:surveys OR p<=0.9", AnyOf((PaperFilter(all_of=("surveys",)), PaperFilter(max_probability=0.9)))),
        ("id:url:https://papers.example/1", PaperFilter(ids=("url:https://papers.example/1",))),
        ('text:"OR" text:NOT', PaperFilter(text='"OR" "NOT"')),
    ],
)  # fmt: skip
def test_expressions_become_filters(expression: str, query: Query) -> None:
    assert read(expression) == query


def test_the_example_of_the_manual() -> None:
    found = read('theme:consensus AND NOT group:learning AND text:"erasure code" AND since:7d AND p>=0.8')
    assert found == PaperFilter(
        all_of=("consensus",),
        none_of=("moe-training", "federated-learning"),
        text='"erasure code"',
        first_seen_from=NOW - timedelta(days=7),
        min_probability=0.8,
    )


def test_a_bound_holds_for_its_own_brackets() -> None:
    assert read("(theme:surveys p>=0.9) theme:consensus") == AllOf(
        (PaperFilter(all_of=("surveys",), min_probability=0.9), PaperFilter(all_of=("consensus",)))
    )
    bound = PaperFilter(all_of=("consensus",), min_probability=0.9)
    assert read("(theme:consensus OR survey) p>=0.9") == AnyOf((bound, PaperFilter(text="survey", min_probability=0.9)))
    assert read("NOT theme:consensus p>=0.9") == PaperFilter(none_of=("consensus",), min_probability=0.9)


@pytest.mark.parametrize(
    ("expression", "position", "words"),
    [
        ("theme:consensu", 1, "did you mean consensus"),
        ("text:a grop:systems", 8, "did you mean 'group:'"),
        ("group:consensus", 1, "unknown group"),
        ("a AND", 6, "missing before the end"),
        ("a OR OR b", 6, "missing before 'OR'"),
        ("(a OR b", 1, "not closed"),
        ("a) b", 2, "never opened"),
        ("()", 2, "missing before ')'"),
        ('a "b c', 3, "quote that is not closed"),
        ('a text:"b c', 8, "quote that is not closed"),
        ("p>=1.5", 1, "no number from 0 to 1"),
        ("a novelty<much", 3, "no number from 0 to 1"),
        ("since:soon", 1, "no date"),
        ("published>=2026-13", 1, "no date"),
        ("since:999999d", 1, "no date"),
        ("is:green", 1, "tagged, abstained"),
        ("theme>=consensus", 1, "takes no >="),
        ("theme:", 7, "lacks its value"),
        ("a" * (MAX_QUERY_CHARACTERS + 1), MAX_QUERY_CHARACTERS + 1, "longer than"),
        ("(" * (MAX_DEPTH + 5) + "a" + ")" * (MAX_DEPTH + 5), MAX_DEPTH + 2, "levels"),
        ("a " * (MAX_CONDITIONS + 1), 2 * MAX_CONDITIONS + 1, "conditions"),
    ],
)
def test_errors_name_the_place(expression: str, position: int, words: str) -> None:
    with pytest.raises(InputError, match=f"at position {position}: ") as caught:
        read(expression)
    assert words in str(caught.value)


@given(st.text(alphabet=st.sampled_from('theme:consensus AND OR NOT()"-<>=p0.5 \n'), max_size=60))
def test_any_text_is_read_or_refused_with_its_place(expression: str) -> None:
    try:
        read(expression)
    except InputError as error:
        assert "at position" in str(error)


Meaning = Callable[[StoredPaper], bool]
Said = tuple[str, Meaning]


def has(theme: str, least: float = 0.0) -> Meaning:
    return lambda p: any(t.theme == theme and t.probability >= least for t in p.tagging.tags)  # type: ignore[union-attr]


def conditions() -> st.SearchStrategy[Said]:
    themes = st.sampled_from(TAXONOMY.ids)
    least = st.sampled_from((0.5, 0.6, 0.7, 0.8, 0.9))
    return st.one_of(
        themes.map(lambda t: (f"theme:{t}", has(t))),
        st.tuples(themes, least).map(lambda pair: (f"(theme:{pair[0]} p>={pair[1]})", has(*pair))),
        # A bound beside themes is about them; alone in brackets with words it is about the best tag.
        least.map(lambda p: (f"(part p>={p})", lambda s: s.tagging.tags[0].probability >= p)),
        st.just(("group:systems", lambda s: has("consensus")(s) or has("gpu-kernels")(s))),
        themes.map(lambda t: (f"primary:{t}", lambda s: s.tagging.primary == t)),
        st.sampled_from(("cs.DC", "math.OC", "cs.LG")).map(lambda c: (f"cat:{c}", lambda s: c in s.paper.categories)),
        st.just(("cat:math.*", lambda s: "math.OC" in s.paper.categories)),
        st.just(('"consensus protocol"', lambda s: "consensus protocol" in s.paper.abstract)),
        st.just(("title:tokens", lambda s: "tokens" in s.paper.title)),
        st.integers(0, 60).map(
            lambda h: (
                f'published>="{(START - timedelta(hours=h)).isoformat()}"',
                lambda s: s.paper.published >= START - timedelta(hours=h),
            )
        ),
        st.just(("is:withdrawn", lambda s: s.withdrawn)),
        st.just(("novelty<0.3", lambda s: s.tagging.novelty < 0.3)),
    )


def trees() -> st.SearchStrategy[Said]:
    def joined(parts: st.SearchStrategy[Said]) -> st.SearchStrategy[Said]:
        several = st.lists(parts, min_size=2, max_size=3)
        return st.one_of(
            several.map(lambda ps: (f"({' AND '.join(f'({e})' for e, _ in ps)})", lambda s: all(m(s) for _, m in ps))),
            several.map(lambda ps: (f"({' OR '.join(e for e, _ in ps)})", lambda s: any(m(s) for _, m in ps))),
            parts.map(lambda p: (f"NOT ({p[0]})", lambda s: not p[1](s))),
        )

    return st.recursive(conditions(), joined, max_leaves=6)


@given(trees())
def test_expressions_mean_what_they_say(stored: Callable[[str], set[str]], said: Said) -> None:
    expression, meaning = said
    expected = {item.paper.id for item in stored.papers if meaning(item)}  # type: ignore[attr-defined]
    assert stored(expression) == expected


def test_together_keeps_bounds_apart() -> None:
    loose, bound = PaperFilter(all_of=("surveys",)), PaperFilter(any_of=("consensus",), min_probability=0.8)
    assert together([loose, bound]) == AllOf((loose, bound))
    assert together([EVERYTHING, bound, PaperFilter(withdrawn=False)]) == PaperFilter(
        any_of=("consensus",), min_probability=0.8, withdrawn=False
    )
    assert together([]) == EVERYTHING
