# SPDX-License-Identifier: EUPL-1.2
"""Codecs, their versions and mappings."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
create table codec (
    codec_id text primary key,
    active_version integer not null,
    maker text not null,
    model text not null,
    created_at timestamptz not null default now(),
    activated_at timestamptz not null default now(),
    activated_by text not null
);
create table codec_version (
    codec_id text not null references codec,
    version integer not null,
    language text not null,
    source text not null,
    stateless boolean not null,
    mapping text,
    vectors text not null,
    vectors_passed integer not null,
    vectors_failed integer not null,
    sha256 bytea not null,
    created_at timestamptz not null default now(),
    created_by text not null,
    primary key (codec_id, version),
    constraint codec_version_of_content unique (codec_id, sha256)
);
"""

# What a stored uplink was decoded with must stay what it was.
IMMUTABLE = """
create function refuse_codec_change() returns trigger language plpgsql as $$
begin
    raise exception 'a stored codec version never changes' using errcode = 'restrict_violation';
end
$$;
create trigger codec_version_is_immutable before update on codec_version
for each row execute function refuse_codec_change();
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(IMMUTABLE)


def downgrade() -> None:
    op.execute("drop table codec_version, codec")
    op.execute("drop function refuse_codec_change()")
