# SPDX-License-Identifier: EUPL-1.2
"""Ledger of received messages."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
create table ledger (
    hour timestamptz not null,
    source_id text not null,
    topic_class text not null,
    writer text not null,
    run uuid not null,
    received bigint not null,
    stored bigint not null,
    duplicate bigint not null,
    quarantined bigint not null,
    in_flight bigint not null,
    returned bigint not null default 0,
    primary key (hour, source_id, topic_class, writer, run)
);
create index ledger_open on ledger (writer) where in_flight <> 0;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table ledger")
