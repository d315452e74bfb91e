"""The first schema: papers and what is known of them, vectors, taggings, sources, verdicts, jobs.

Nothing here is imported from `service.store.schema`: a step stays what it was when the schema
moves on. Ticks are microseconds since 1970 in UTC.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Kind = sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]
ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
JSON = sa.JSON().with_variant(JSONB, "postgresql")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def column(name: str, kind: Kind, *rest: sa.schema.SchemaItem, nullable: bool = False, **flags: bool) -> sa.Column[Any]:
    """A column, NOT NULL unless said otherwise."""
    return sa.Column(name, kind, *rest, nullable=nullable, **flags)  # type: ignore[arg-type]


def columns(kind: Kind, names: str) -> list[sa.Column[Any]]:
    """NOT NULL columns of one type."""
    return [column(name, kind) for name in names.split()]


def paper(**flags: bool) -> sa.Column[Any]:
    """The reference to a paper."""
    return column("paper", ID, sa.ForeignKey("papers.pk", ondelete="CASCADE"), **flags)


def index(table: str, name: str, *parts: str) -> None:
    """An index."""
    op.create_index(name, table, list(parts))


def upgrade() -> None:
    """Create everything."""
    _papers()
    _what_feeds_said()
    _taggings()
    _vectors()
    _sources()
    _people()
    _jobs()
    _audit()
    _search()


def _papers() -> None:
    op.create_table(
        "papers",
        column("pk", ID, primary_key=True, autoincrement=False),
        column("id", KEY, unique=True),
        column("version", sa.Integer),
        column("digest", sa.LargeBinary),
        *columns(sa.BigInteger, "published updated first_seen changed"),
        *columns(sa.Boolean, "withdrawn taken_back"),
        column("search_row", ID, unique=True),
        column("tagging", ID),
        column("bundle", KEY),
        *columns(sa.Boolean, "stale abstained"),
        column("primary_theme", KEY),
        *columns(sa.Double, "probability novelty"),
    )
    for name in ("published", "updated", "first_seen", "probability", "novelty", "bundle"):
        index("papers", f"papers_by_{name}", name, "pk")
    index("papers", "papers_by_digest", "digest")
    op.create_table("counters", column("name", KEY, primary_key=True), column("value", ID))


def _what_feeds_said() -> None:
    op.create_table(
        "contents",
        paper(primary_key=True, autoincrement=False),
        *columns(sa.Text, "title abstract"),
        *columns(JSON, "authors categories"),
        *columns(sa.Text, "url comment doi"),
    )
    op.create_table(
        "reports",
        paper(primary_key=True),
        column("key", sa.LargeBinary, primary_key=True),
        column("record", JSON),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "paper_categories",
        paper(primary_key=True),
        column("category", KEY, primary_key=True),
        sqlite_with_rowid=False,
    )
    index("paper_categories", "categories_by_name", "category", "paper")
    op.create_table(
        "announcements",
        paper(primary_key=True),
        column("source", KEY, primary_key=True),
        column("kind", KEY, primary_key=True),
        column("first_seen", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    index("announcements", "announcements_by_source", "source", "paper")


def _taggings() -> None:
    op.create_table(
        "taggings",
        column("id", ID, primary_key=True, autoincrement=False),
        paper(),
        column("version", sa.Integer),
        column("digest", sa.LargeBinary),
        *columns(KEY, "bundle profile"),
        column("time", sa.BigInteger),
        column("primary_theme", KEY),
        column("abstained", sa.Boolean),
        column("reasons", JSON),
        column("novelty", sa.Double),
        column("tags", JSON),
    )
    index("taggings", "taggings_by_paper", "paper", "id")
    op.create_table(
        "tags",
        paper(primary_key=True),
        column("theme", KEY, primary_key=True),
        column("probability", sa.Double),
        column("source", KEY),
        *columns(sa.BigInteger, "published updated first_seen"),
        column("novelty", sa.Double),
        sqlite_with_rowid=False,
    )
    index("tags", "tags_by_probability", "theme", "probability", "paper")
    for name in ("published", "updated", "first_seen", "novelty"):
        index("tags", f"tags_by_{name}", "theme", name, "paper", "probability")


def _vectors() -> None:
    op.create_table(
        "encoders",
        column("id", sa.Integer, primary_key=True, autoincrement=False),
        column("name", KEY, unique=True),
    )
    op.create_table(
        "vectors",
        column("id", ID, primary_key=True, autoincrement=False),
        column("encoder", sa.Integer, sa.ForeignKey("encoders.id", ondelete="CASCADE")),
        column("digest", sa.LargeBinary),
        column("dtype", KEY),
        column("data", sa.LargeBinary),
        sa.UniqueConstraint("encoder", "digest", name="vectors_by_digest"),
    )
    index("vectors", "vectors_by_id", "encoder", "id")


def _sources() -> None:
    op.create_table(
        "sources",
        column("url", KEY, primary_key=True),
        *columns(sa.Text, "title format"),
        column("interval_s", sa.Integer),
        column("active", sa.Boolean),
        *columns(sa.Text, "etag last_modified"),
        *columns(sa.BigInteger, "last_ok last_tried next_due"),
        column("last_error", sa.Text),
        column("failures", sa.Integer),
        column("cursor", sa.Text),
        column("added", sa.BigInteger),
    )
    op.create_table(
        "batches",
        column("source", KEY, sa.ForeignKey("sources.url", ondelete="CASCADE"), primary_key=True),
        column("number", sa.Integer, primary_key=True, autoincrement=False),
        column("facts", sa.Text),
    )


def _people() -> None:
    op.create_table(
        "verdicts",
        paper(primary_key=True),
        column("theme", KEY, primary_key=True),
        column("who", KEY, primary_key=True),
        column("judgement", KEY),
        column("note", sa.Text),
        column("time", sa.BigInteger),
    )
    index("verdicts", "verdicts_by_time", "time")
    op.create_table(
        "saved_queries",
        column("name", KEY, primary_key=True),
        *columns(sa.Text, "title expression"),
        column("owner", KEY),
        *columns(sa.BigInteger, "created updated"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        column("id", KEY, primary_key=True),
        *columns(sa.Text, "kind input"),
        column("options", JSON),
        column("state", KEY),
        *columns(ID, "done total"),
        *columns(sa.Text, "result error"),
        column("owner", KEY),
        column("idempotency_key", KEY, nullable=True),
        column("worker", sa.Text),
        *columns(sa.BigInteger, "lease_until created updated"),
        sa.UniqueConstraint("owner", "idempotency_key", name="jobs_by_idempotency_key"),
    )
    index("jobs", "jobs_by_state", "state", "created")


def _audit() -> None:
    op.create_table(
        "audit",
        column("id", ID, primary_key=True, autoincrement=False),
        column("time", sa.BigInteger),
        *columns(KEY, "actor action subject"),
        column("detail", JSON),
    )
    index("audit", "audit_by_subject", "subject", "id")
    if op.get_context().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION paperwire_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit record is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION paperwire_append_only()"
    )


def _search() -> None:
    if op.get_context().dialect.name == "sqlite":
        # Contentless: the text is in `contents` already. Rows are never changed, see service.store.search.
        op.execute(
            "CREATE VIRTUAL TABLE paper_search USING fts5(title, authors, abstract, "
            "content='', tokenize='porter unicode61 remove_diacritics 2')"
        )
        return
    op.create_table(
        "paper_search", column("search_row", ID, primary_key=True, autoincrement=False), column("document", TSVECTOR)
    )
    op.create_index("paper_search_words", "paper_search", ["document"], postgresql_using="gin")
    # English stems without stop words, as FTS5 has it: "the" and "of" count in phrases.
    op.execute("CREATE TEXT SEARCH DICTIONARY paperwire_stem (TEMPLATE = snowball, Language = english)")
    op.execute("CREATE TEXT SEARCH CONFIGURATION paperwire (COPY = pg_catalog.simple)")
    op.execute(
        "ALTER TEXT SEARCH CONFIGURATION paperwire ALTER MAPPING FOR asciiword, asciihword, hword_asciipart, "
        "word, hword, hword_part, numword, numhword, hword_numpart WITH paperwire_stem"
    )
