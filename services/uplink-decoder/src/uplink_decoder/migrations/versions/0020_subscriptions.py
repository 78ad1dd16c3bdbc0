# SPDX-License-Identifier: EUPL-1.2
"""What sessions at brokers were asked for, so that they give up what sources.yaml no longer names."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create table subscription (client_id text, broker text, topic text, primary key (client_id, broker, topic))"
    )


def downgrade() -> None:
    op.execute("drop table subscription")
