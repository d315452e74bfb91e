"""A small taxonomy, and a store of invented papers with tags."""

from __future__ import annotations

from models.paper import Paper
from models.themes import Group, Taxonomy, Theme
from service.out.channel import Site
from service.out.names import ThemeNames
from service.store import Store, StoredTagging
from tests.store.samples import make_paper, make_tagging

TAXONOMY = Taxonomy(
    (
        Theme("moe-training", "Mixture-of-experts training", "learning"),
        Theme("federated-learning", "Federated learning", "learning"),
        Theme("consensus", "Consensus & replication", "systems"),
        Theme("gpu-kernels", "GPU kernels", "systems"),
        Theme("surveys", "Surveys, reviews"),
    ),
    (Group("learning", "Learning systems"), Group("systems", "Systems <core>")),
)
NAMES = ThemeNames(TAXONOMY)
SITE = Site("http://127.0.0.1:8000", "example.org,2026")
_THEMES = TAXONOMY.ids


def fill(store: Store, number: int = 12) -> list[Paper]:
    """So many papers taken into the store, in one batch: paper n has theme n, every second one more."""
    papers = [make_paper(n) for n in range(number)]
    store.papers.upsert(papers, source="https://feeds.example/a")
    store.taggings.save([tagging_of(paper, n) for n, paper in enumerate(papers)])
    return papers


def tagging_of(paper: Paper, number: int) -> StoredTagging:
    """The tagging that `fill` gives the paper."""
    first = (_THEMES[number % 5], 0.95 - number % 7 * 0.05)
    more = [(_THEMES[(number + 1) % 5], 0.5)] if number % 2 else []
    return make_tagging(paper, first, *more)
