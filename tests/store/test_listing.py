"""Pages agree with a plain Python reading of the same filters, in every order and at every place."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import InputError
from service.store import AllOf, AnyOf, Judgement, Not, PaperFilter, Sort, Store, StoredPaper, Verdict
from tests.store.samples import START, make_paper, make_tagging

THEMES = ("kv-cache", "consensus", "federated-learning", "gpu-kernels", "moe-training")
SIZE = 60


def fill(store: Store) -> None:
    chance = random.Random(7)
    papers = [make_paper(n, published=None) if n % 11 == 0 else make_paper(n) for n in range(SIZE)]
    store.papers.upsert(papers[: SIZE // 2], source="feed-a")
    store.papers.upsert(papers[SIZE // 2 :], source="feed-b")
    answers = []
    for paper in papers[: SIZE - 6]:
        themes = chance.sample(THEMES, chance.randrange(4))
        tags = [(theme, round(chance.random(), 1)) for theme in themes]
        novelty = None if chance.random() < 0.2 else round(chance.random(), 1)
        answers.append(make_tagging(paper, *tags, bundle=chance.choice(("themes-1", "themes-2")), novelty=novelty))
    store.taggings.save(answers)
    store.verdicts.save([Verdict(papers[n].id, THEMES[0], Judgement.ACCEPT, "ana") for n in range(0, SIZE, 9)])
    store.papers.upsert([make_paper(5, version=2, abstract="Something else altogether.", published=None)])


@pytest.fixture(scope="module")
def filled_memory():
    with Store.open(":memory:") as store:
        fill(store)
        yield store, list(store.listing.iterate())


def takes(query: PaperFilter, item: StoredPaper) -> bool:
    tags = {tag.theme: tag.probability for tag in item.tagging.tags} if item.tagging else {}
    low = 0.0 if query.min_probability is None else query.min_probability
    high = 1.0 if query.max_probability is None else query.max_probability
    probable = {theme for theme, probability in tags.items() if low <= probability <= high}
    bounded = query.min_probability is not None or query.max_probability is not None
    novelty = item.tagging.novelty if item.tagging else None
    novelty_bounded = query.min_novelty is not None or query.max_novelty is not None
    published = item.paper.published
    checks = [
        not query.any_of or bool(probable & set(query.any_of)),
        set(query.all_of) <= probable,
        bool(query.any_of or query.all_of) or not bounded or (bool(tags) and low <= max(tags.values()) <= high),
        not set(query.none_of) & set(tags),
        not query.primary or bool(item.tagging and item.tagging.primary in query.primary),
        not query.categories or any(in_category(item, name) for name in query.categories),
        not any(in_category(item, name) for name in query.not_categories),
        not query.text or query.text in f"{item.paper.title} {item.paper.abstract}".lower(),
        query.published_from is None or (published is not None and published >= query.published_from),
        query.published_before is None or (published is not None and published < query.published_before),
        not novelty_bounded
        or (
            novelty is not None
            and (0 if query.min_novelty is None else query.min_novelty) <= novelty
            and novelty <= (1 if query.max_novelty is None else query.max_novelty)
        ),
        query.abstained is None or bool(item.tagging and item.tagging.abstained) == query.abstained,
        query.tagged is None or (item.tagging is not None) == query.tagged,
        query.stale is None or item.stale == query.stale,
        not query.bundles or bool(item.tagging and item.tagging.bundle in query.bundles),
        not query.not_bundles or not (item.tagging and item.tagging.bundle in query.not_bundles),
    ]
    return all(checks)


def in_category(item: StoredPaper, name: str) -> bool:
    start = name[:-1] if name.endswith(".*") else None
    return any(found.startswith(start) if start else found == name for found in item.paper.categories)


def maybe(values):
    return st.none() | st.sampled_from(values)


some_themes = st.lists(st.sampled_from(THEMES), max_size=3, unique=True).map(tuple)
filters = st.builds(
    PaperFilter,
    any_of=some_themes,
    all_of=st.just(()) | some_themes,
    none_of=st.just(()) | some_themes,
    primary=st.just(()) | some_themes,
    min_probability=maybe((0.0, 0.3, 0.7)),
    max_probability=maybe((0.5, 1.0)),
    categories=st.sampled_from(((), ("cs.DC",), ("cs.LG", "math.*"), ("cs.*",), ("nothing",))),
    not_categories=st.sampled_from(((), ("cs.LG",), ("math.*",))),
    text=st.sampled_from(("", "experts", "blocks", "protocol", "absent")),
    published_from=maybe((START - timedelta(hours=40),)),
    published_before=maybe((START - timedelta(hours=12), START)),
    min_novelty=maybe((0.3,)),
    max_novelty=maybe((0.6,)),
    abstained=maybe((True, False)),
    tagged=maybe((True, False)),
    stale=maybe((True, False)),
    bundles=st.sampled_from(((), ("themes-1",))),
    not_bundles=st.sampled_from(((), ("themes-1",))),
)
few_conditions = st.builds(
    lambda query, keep: PaperFilter(**{name: getattr(query, name) for name in keep}),
    filters,
    st.lists(st.sampled_from(sorted(PaperFilter.__dataclass_fields__)), max_size=3, unique=True),
)
orders = st.sampled_from([sort for sort in Sort if sort is not Sort.RELEVANCE])


def key_of(sort: Sort, query: PaperFilter, item: StoredPaper):
    if sort.is_time:
        moment = item.first_seen if sort is Sort.FIRST_SEEN else getattr(item.paper, sort.value)
        return moment.timestamp() if moment else -1e18
    if sort is Sort.NOVELTY:
        return -1.0 if item.tagging is None or item.tagging.novelty is None else item.tagging.novelty
    tags = {tag.theme: tag.probability for tag in item.tagging.tags} if item.tagging else {}
    asked = query.any_of or query.all_of[:1]
    low, high = (
        (0.0 if query.min_probability is None else query.min_probability),
        (1.0 if query.max_probability is None else query.max_probability),
    )
    kept = [p for theme, p in tags.items() if not asked or (theme in asked and low <= p <= high)]
    return max(kept, default=-1.0)


def walk(store: Store, query, sort: Sort, descending: bool, limit: int) -> list[StoredPaper]:
    items, cursor = [], ""
    while True:
        page = store.listing.page(query, sort=sort, descending=descending, limit=limit, cursor=cursor)
        items += page.items
        assert len(page.items) == limit or not page.next
        if not page.next:
            return items
        cursor = page.next


def check_against_python(
    store: Store, everything, query: PaperFilter, sort: Sort, descending: bool, limit: int
) -> None:
    expected = [item for item in everything if takes(query, item)]
    found = walk(store, query, sort, descending, limit)
    assert sorted(item.paper.id for item in found) == sorted(item.paper.id for item in expected)
    keys = [key_of(sort, query, item) for item in found]
    assert keys == sorted(keys, reverse=descending)
    assert store.listing.count(query) == len(expected)


@given(few_conditions | filters, orders, st.booleans(), st.integers(1, 25))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_pages_agree_with_python(filled_memory, query, sort, descending, limit):
    check_against_python(*filled_memory, query, sort, descending, limit)


def test_pages_agree_with_python_on_each_database(store):
    fill(store)
    everything = list(store.listing.iterate())
    chance = random.Random(3)
    for sort in (sort for sort in Sort if sort is not Sort.RELEVANCE):
        for query in (
            PaperFilter(),
            PaperFilter(any_of=THEMES[:1]),
            PaperFilter(any_of=THEMES[:3], min_probability=0.3),
            PaperFilter(all_of=THEMES[:2]),
            PaperFilter(categories=("cs.*",), not_categories=("cs.LG",), text="experts"),
            PaperFilter(published_from=START - timedelta(hours=40), published_before=START, min_novelty=0.2),
        ):
            check_against_python(store, everything, query, sort, chance.random() < 0.5, chance.randrange(1, 20))


@pytest.mark.parametrize("descending", [True, False])
def test_trees_of_filters_combine(store, descending):
    fill(store)
    either = AnyOf((PaperFilter(any_of=THEMES[:1]), PaperFilter(categories=("math.*",))))
    tree = AllOf((either, Not(PaperFilter(text="experts")), PaperFilter(tagged=True)))
    expected = {
        item.paper.id
        for item in store.listing.iterate()
        if (takes(PaperFilter(any_of=THEMES[:1]), item) or takes(PaperFilter(categories=("math.*",)), item))
        and not takes(PaperFilter(text="experts"), item)
        and item.tagging
    }
    found = walk(store, tree, Sort.UPDATED, descending, 7)
    assert {item.paper.id for item in found} == expected and len(found) == len(expected) > 0
    assert store.listing.count(AllOf(())) == SIZE and store.listing.count(AnyOf(())) == 0


def test_relevance_pages_through_every_match_once(store):
    fill(store)
    found = walk(store, PaperFilter(text="experts"), Sort.RELEVANCE, True, 5)
    expected = store.listing.count(PaperFilter(text="experts"))
    assert len({item.paper.id for item in found}) == len(found) == expected > 5


def test_facets_count_the_matches(store):
    fill(store)
    everything = list(store.listing.iterate())
    query = PaperFilter(categories=("cs.LG",), text="experts")
    matching = [item for item in everything if takes(query, item)]
    themes = store.listing.theme_facet(query)
    assert sum(themes.values()) == sum(len(item.tagging.tags) for item in matching if item.tagging)
    assert list(themes.values()) == sorted(themes.values(), reverse=True)
    assert store.listing.category_facet(query)["cs.LG"] == len(matching)
    assert store.listing.source_facet() == {"feed-a": SIZE // 2, "feed-b": SIZE // 2}
    assert len(store.listing.category_facet(limit=2)) == 2


def test_filters_by_source_id_and_review(store):
    fill(store)
    assert store.listing.count(PaperFilter(sources=("feed-a",))) == SIZE // 2
    ids = (make_paper(3).id, make_paper(40).id, "arxiv:none")
    assert store.listing.count(PaperFilter(ids=ids)) == 2
    assert {item.paper.id for item in store.listing.page(PaperFilter(ids=ids)).items} == set(ids[:2])
    assert store.listing.count(PaperFilter(reviewed=True)) == len(range(0, SIZE, 9))
    assert store.listing.count(PaperFilter(first_seen_from=START, changed_before=START)) == 0


def test_papers_that_arrive_between_pages_move_nothing(store):
    store.papers.upsert(make_paper(n) for n in range(10, 30))
    first = store.listing.page(limit=10)
    store.papers.upsert(make_paper(n) for n in range(10))
    second = store.listing.page(limit=10, cursor=first.next)
    ids = [item.paper.id for item in (*first.items, *second.items)]
    assert ids == [make_paper(n).id for n in range(10, 30)]


def test_iterate_gives_each_paper_once_while_others_arrive(store):
    store.papers.upsert(make_paper(n) for n in range(10))
    found = []
    for item in store.listing.iterate(batch=3):
        if not found:
            store.papers.upsert([make_paper(99)])
        found.append(item.paper.id)
    assert len(found) == len(set(found)) == 11


@pytest.mark.parametrize("cursor", ["?", "AAAA", "bnVsbA", "W10", "WyJwdWJsaXNoZWQiLDEsIngiLDFd", "é", "W" * 5000])
def test_a_damaged_cursor_is_refused(filled_memory, cursor):
    with pytest.raises(InputError, match="cursor"):
        filled_memory[0].listing.page(cursor=cursor)


@given(st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
def test_any_cursor_is_a_page_or_an_input_error(filled_memory, cursor):
    try:
        filled_memory[0].listing.page(cursor=cursor)
    except InputError as error:
        assert "cursor" in str(error)


def test_a_cursor_of_another_order_is_refused(filled_memory):
    cursor = filled_memory[0].listing.page(limit=2).next
    with pytest.raises(InputError, match="another order"):
        filled_memory[0].listing.page(limit=2, cursor=cursor, sort=Sort.UPDATED)
    with pytest.raises(InputError, match="another order"):
        filled_memory[0].listing.page(limit=2, cursor=cursor, descending=False)


@pytest.mark.parametrize(
    ("query", "word"),
    [
        (PaperFilter(min_probability=1.5), "min_probability"),
        (PaperFilter(max_novelty=float("nan")), "max_novelty"),
        (PaperFilter(published_from=START.replace(tzinfo=None)), "published_from"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(filled_memory, query, word):
    with pytest.raises(InputError, match=word):
        filled_memory[0].listing.page(query)


def test_limits_and_relevance_without_words_are_refused(filled_memory):
    with pytest.raises(InputError, match="limit is 0"):
        filled_memory[0].listing.page(limit=0)
    with pytest.raises(InputError, match="relevance"):
        filled_memory[0].listing.page(sort=Sort.RELEVANCE)
