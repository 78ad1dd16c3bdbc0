# SPDX-License-Identifier: EUPL-1.2
"""When a computation began and was done, and which framework was refused last, for who watches."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UP = """
create table kpi.computation (
    only_row boolean primary key default true constraint one_computation check (only_row),
    begun_at timestamptz not null,
    done_at timestamptz
);
create table kpi.framework_refusal (
    only_row boolean primary key default true constraint one_refusal check (only_row),
    refused_at timestamptz not null,
    reason text not null
);
"""


def upgrade() -> None:
    """Create them."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table kpi.framework_refusal, kpi.computation")
