"""Jobs tell how far they are: a column for the numbers behind `done` and `total`, and an index for pages of jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB, "postgresql")


def upgrade() -> None:
    """Jobs that are there have told nothing yet."""
    op.add_column("jobs", sa.Column("progress", JSON, nullable=False, server_default="{}"))
    op.create_index("jobs_by_created", "jobs", ["created", "id"])
