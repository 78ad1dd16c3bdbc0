# SPDX-License-Identifier: EUPL-1.2
"""Editions: what was told of each dataset, day by day, and since when."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

# The rows are compressed already.
UP = """
create table opendata.edition (
    dataset_id text not null,
    day date not null,
    rules text not null,
    content text not null,
    row_count integer not null,
    changed_at timestamptz not null,
    checked_at timestamptz not null,
    told bytea not null,
    former bytea,
    primary key (dataset_id, day)
);
alter table opendata.edition
    alter column told set storage external,
    alter column former set storage external;
"""


def upgrade() -> None:
    """Create the table; the service fills it from the views of the others."""
    op.execute(UP)


def downgrade() -> None:
    """Drop it; what was told before is lost, the present comes again from the views."""
    op.execute("drop table opendata.edition")
