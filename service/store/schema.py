"""The tables, as SQLAlchemy sees them; `service/migrations` creates them, a test compares the two.

Times are whole microseconds since 1970 in UTC, and "unknown" is a value smaller than any time, so
that every sort column is total and keyset paging needs no special case for NULL. The narrow
`papers` holds what listings filter and sort by; the wide `contents` what a reader sees. `tags` is
the current tagging only, one row a paper and theme, and repeats the sort columns of its paper:
then "this theme, newest first" is one walk of one index whatever the size of the store.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from service.store.columns import Id, Json, Key, StorableText, UtcTime

metadata = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, StorableText, nullable=False)


def _key(name: str, primary_key: bool = False, unique: bool | None = None) -> Column[str]:
    return Column(name, Key, primary_key=primary_key, unique=unique, nullable=False)


def _time(name: str) -> Column[datetime]:
    return Column(name, UtcTime, nullable=False)


def _paper(primary_key: bool = False) -> Column[int]:
    return Column(
        "paper",
        Id,
        ForeignKey("papers.pk", ondelete="CASCADE"),
        primary_key=primary_key,
        autoincrement=False,
        nullable=False,
    )


papers = Table(
    "papers",
    metadata,
    Column("pk", Id, primary_key=True, autoincrement=False),
    _key("id", unique=True),
    Column("version", Integer, nullable=False),  # 0: unknown
    Column("digest", LargeBinary, nullable=False),
    _time("published"),
    _time("updated"),
    _time("first_seen"),
    _time("changed"),
    Column("withdrawn", Boolean, nullable=False),
    Column("taken_back", Boolean, nullable=False),  # a source said so, whatever the text says
    Column("search_row", Id, nullable=False, unique=True),
    Column("tagging", Id, nullable=False),  # id of the current tagging, 0: none
    _key("bundle"),  # of the current tagging, "": none
    Column("stale", Boolean, nullable=False),
    Column("abstained", Boolean, nullable=False),
    _key("primary_theme"),
    Column("probability", Double, nullable=False),
    Column("novelty", Double, nullable=False),
    Index("papers_by_published", "published", "pk"),
    Index("papers_by_updated", "updated", "pk"),
    Index("papers_by_first_seen", "first_seen", "pk"),
    Index("papers_by_probability", "probability", "pk"),
    Index("papers_by_novelty", "novelty", "pk"),
    Index("papers_by_bundle", "bundle", "pk"),
    Index("papers_by_digest", "digest"),
)

contents = Table(
    "contents",
    metadata,
    _paper(primary_key=True),
    _text("title"),
    _text("abstract"),
    Column("authors", Json, nullable=False),
    Column("categories", Json, nullable=False),
    _text("url"),
    _text("comment"),
    _text("doi"),
)

reports = Table(  # only of papers that were reported in more than one way
    "reports",
    metadata,
    _paper(primary_key=True),
    Column("key", LargeBinary, primary_key=True, nullable=False),
    Column("record", Json, nullable=False),
    sqlite_with_rowid=False,
)

paper_categories = Table(
    "paper_categories",
    metadata,
    _paper(primary_key=True),
    _key("category", primary_key=True),
    Index("categories_by_name", "category", "paper"),
    sqlite_with_rowid=False,
)

announcements = Table(
    "announcements",
    metadata,
    _paper(primary_key=True),
    _key("source", primary_key=True),
    _key("kind", primary_key=True),
    _time("first_seen"),
    Index("announcements_by_source", "source", "paper"),
    sqlite_with_rowid=False,
)

taggings = Table(
    "taggings",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    _paper(),
    Column("version", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    _key("bundle"),
    _key("profile"),
    _time("time"),
    _key("primary_theme"),
    Column("abstained", Boolean, nullable=False),
    Column("reasons", Json, nullable=False),
    Column("novelty", Double, nullable=False),
    Column("tags", Json, nullable=False),
    Index("taggings_by_paper", "paper", "id"),
)

tags = Table(
    "tags",
    metadata,
    _paper(primary_key=True),
    _key("theme", primary_key=True),
    Column("probability", Double, nullable=False),
    _key("source"),
    _time("published"),
    _time("updated"),
    _time("first_seen"),
    Column("novelty", Double, nullable=False),
    Index("tags_by_probability", "theme", "probability", "paper"),
    Index("tags_by_published", "theme", "published", "paper", "probability"),
    Index("tags_by_updated", "theme", "updated", "paper", "probability"),
    Index("tags_by_first_seen", "theme", "first_seen", "paper", "probability"),
    Index("tags_by_novelty", "theme", "novelty", "paper", "probability"),
    sqlite_with_rowid=False,
)

encoders = Table(
    "encoders", metadata, Column("id", Integer, primary_key=True, autoincrement=False), _key("name", unique=True)
)

vectors = Table(
    "vectors",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("encoder", Integer, ForeignKey("encoders.id", ondelete="CASCADE"), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    _key("dtype"),
    Column("data", LargeBinary, nullable=False),
    UniqueConstraint("encoder", "digest", name="vectors_by_digest"),
    Index("vectors_by_id", "encoder", "id"),
)

sources = Table(
    "sources",
    metadata,
    _key("url", primary_key=True),
    _text("title"),
    _text("format"),
    Column("interval_s", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    _text("etag"),
    _text("last_modified"),
    _time("last_ok"),
    _time("last_tried"),
    _time("next_due"),
    _text("last_error"),
    Column("failures", Integer, nullable=False),
    _text("cursor"),
    _time("added"),
)

batches = Table(
    "batches",
    metadata,
    Column("source", Key, ForeignKey("sources.url", ondelete="CASCADE"), primary_key=True, nullable=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("facts"),
)

verdicts = Table(
    "verdicts",
    metadata,
    _paper(primary_key=True),
    _key("theme", primary_key=True),
    _key("who", primary_key=True),
    _key("judgement"),
    _text("note"),
    _time("time"),
    Index("verdicts_by_time", "time"),
)

jobs = Table(
    "jobs",
    metadata,
    _key("id", primary_key=True),
    _text("kind"),
    _text("input"),
    Column("options", Json, nullable=False),
    _key("state"),
    Column("done", Id, nullable=False),
    Column("total", Id, nullable=False),
    _text("result"),
    _text("error"),
    _key("owner"),
    Column("idempotency_key", Key),  # NULL where none: NULLs are never equal
    _text("worker"),
    _time("lease_until"),
    _time("created"),
    _time("updated"),
    Column("progress", Json, nullable=False, server_default="{}"),
    UniqueConstraint("owner", "idempotency_key", name="jobs_by_idempotency_key"),
    Index("jobs_by_state", "state", "created"),
    Index("jobs_by_created", "created", "id"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    _time("time"),
    _key("actor"),
    _key("action"),
    _key("subject"),
    Column("detail", Json, nullable=False),
    Index("audit_by_subject", "subject", "id"),
)

saved_queries = Table(
    "saved_queries",
    metadata,
    _key("name", primary_key=True),
    _text("title"),
    _text("expression"),
    _key("owner"),
    _time("created"),
    _time("updated"),
)

counters = Table("counters", metadata, _key("name", primary_key=True), Column("value", Id, nullable=False))

# On SQLite this is an FTS5 table; rows are addressed by `rowid`, which `search_row` stands for.
paper_search = Table(
    "paper_search",
    MetaData(),
    Column("search_row", Id, primary_key=True, autoincrement=False),
    Column("document", TSVECTOR, nullable=False),
)
