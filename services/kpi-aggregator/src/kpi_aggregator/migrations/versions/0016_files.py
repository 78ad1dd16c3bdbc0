# SPDX-License-Identifier: EUPL-1.2
"""Files of values: each known by name and hash with its lines, and one that is being checked."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UP = """
create table kpi.value_file (
    file_id bigint generated always as identity primary key,
    name text not null,
    sha256 text not null,
    author text not null,
    author_role text not null,
    imported_at timestamptz not null
);
create table kpi.value_file_line (
    value_id bigint primary key references kpi.indicator_value (value_id),
    file_id bigint not null references kpi.value_file (file_id),
    line integer not null
);
create index value_file_line_of_file on kpi.value_file_line (file_id, line);
create table kpi.value_file_draft (
    login text primary key,
    name text not null,
    sha256 text not null,
    content bytea not null,
    kept_until timestamptz not null
);
"""

DOWN = """
drop table kpi.value_file_draft;
drop table kpi.value_file_line;
drop table kpi.value_file;
"""


def upgrade() -> None:
    """Keep files and their lines beside the values, which older versions read whole."""
    op.execute(UP)


def downgrade() -> None:
    """Forget which file a value came from; the values stay."""
    op.execute(DOWN)
