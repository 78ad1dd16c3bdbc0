# SPDX-License-Identifier: EUPL-1.2
"""How often feeds, datasets and pages are asked for, by day, and which datasets there are; nothing of who asked."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UP = """
create table opendata.usage_day (
    day date not null,
    kind text not null,
    subject text not null,
    client text not null,
    requests bigint not null,
    primary key (day, kind, subject, client)
);
create table opendata.usage_writer (
    writer uuid primary key,
    written integer not null,
    written_at timestamptz not null
);
create table opendata.published_dataset (
    dataset_id text primary key,
    published_since timestamptz not null
);
create view opendata.v1_usage_day as
    select day, kind, subject, client, requests from opendata.usage_day;
comment on view opendata.v1_usage_day is
    'Requests that were answered, by day of the city, kind and subject asked for, and kind of client.';
create view opendata.v1_dataset as
    select dataset_id, published_since from opendata.published_dataset;
comment on view opendata.v1_dataset is 'Datasets that are public now, by the city''s policy.';
grant usage on schema opendata to public;
grant select on opendata.v1_usage_day, opendata.v1_dataset to public;
"""


def upgrade() -> None:
    """Make tables and views."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them with all counts."""
    op.execute("revoke usage on schema opendata from public")
    op.execute("drop view opendata.v1_usage_day, opendata.v1_dataset")
    op.execute("drop table opendata.usage_day, opendata.usage_writer, opendata.published_dataset")
