# SPDX-License-Identifier: EUPL-1.2
"""Signatures of what signs say; several alternatives of a lot, and how they are."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UP = """
create table parking.signing_key (
    key_id text primary key,
    algorithm text not null,
    secret_variable text,
    secret_file text
);
alter table parking.sign add column key_id text;
alter table parking.lot add column alternatives text[] not null default '{}';
update parking.lot set alternatives = array[alternative] where alternative is not null;
alter table parking.lot drop column alternative;
alter table parking.sign_state
    add column alternative_name text,
    add column alternative_state text,
    add column alternative_free integer;
"""

DOWN = """
alter table parking.sign_state
    drop column alternative_name, drop column alternative_state, drop column alternative_free;
alter table parking.lot add column alternative text;
update parking.lot set alternative = alternatives[1];
alter table parking.lot drop column alternatives;
alter table parking.sign drop column key_id;
drop table parking.signing_key;
"""


def upgrade() -> None:
    """Make room; nothing is signed until the city says so."""
    op.execute(UP)


def downgrade() -> None:
    """Keep the first alternative of each lot."""
    op.execute(DOWN)
