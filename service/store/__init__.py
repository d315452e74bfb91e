"""The paper store: papers, vectors, taggings, feeds, verdicts, jobs and audit in one database.

    with Store.open("papers.db") as store:
        done = store.papers.upsert(feed.papers, source="https://...")
        page = store.listing.page(PaperFilter(any_of=("kv-cache",), min_probability=0.8), sort=Sort.PUBLISHED)

SQLite is the default, PostgreSQL comes by URL; both pass the same tests. All SQL of Paperwire is in
this package. Importing it does not open anything.
"""

from service.store.cursors import Sort
from service.store.database import Clock
from service.store.filters import EVERYTHING, AllOf, AnyOf, Not, PaperFilter, Query
from service.store.records import (
    Announcement,
    AuditEntry,
    Change,
    Gain,
    Job,
    JobState,
    Judgement,
    Neighbour,
    Outcome,
    Page,
    Refused,
    SavedQuery,
    Source,
    StoredPaper,
    StoredTag,
    StoredTagging,
    TagChanges,
    Upserted,
    Verdict,
)
from service.store.reviews import Review
from service.store.store import Store
from service.store.taggings import Need

__all__ = [
    "EVERYTHING",
    "AllOf",
    "Announcement",
    "AnyOf",
    "AuditEntry",
    "Change",
    "Clock",
    "Gain",
    "Job",
    "JobState",
    "Judgement",
    "Need",
    "Neighbour",
    "Not",
    "Outcome",
    "Page",
    "PaperFilter",
    "Query",
    "Refused",
    "Review",
    "SavedQuery",
    "Sort",
    "Source",
    "Store",
    "StoredPaper",
    "StoredTag",
    "StoredTagging",
    "TagChanges",
    "Upserted",
    "Verdict",
]
