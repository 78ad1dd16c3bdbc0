# SPDX-License-Identifier: EUPL-1.2
"""Reports as declared, and the archive of those that were made."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# What was handed to a committee is never another thing later, whoever asks the database for it.
UP = """
alter table kpi.configuration add column city_name text not null default '';
create table kpi.report (
    report_id text primary key,
    position integer not null,
    definition jsonb not null,
    retired_at timestamptz
);
create table kpi.report_edition (
    edition_id bigint generated always as identity primary key,
    report_id text not null references kpi.report (report_id),
    definition jsonb not null,
    every text not null,
    span_begin date not null,
    number integer not null,
    known_at timestamptz not null,
    produced_at timestamptz not null,
    cause text not null,
    document bytea not null,
    constraint report_edition_of_span unique (report_id, every, span_begin, number)
);
create table kpi.report_file (
    edition_id bigint not null references kpi.report_edition (edition_id),
    format text not null,
    sha256 text not null,
    body bytea not null,
    primary key (edition_id, format)
);
create function kpi.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'reports are kept as they were made';
end
$$;
create trigger report_edition_is_kept before update or delete on kpi.report_edition
    for each row execute function kpi.refuse_change();
create trigger report_file_is_kept before update or delete on kpi.report_file
    for each row execute function kpi.refuse_change();
"""

DOWN = """
drop table kpi.report_file, kpi.report_edition, kpi.report;
drop function kpi.refuse_change();
alter table kpi.configuration drop column city_name;
"""


def upgrade() -> None:
    """Create them."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them with all reports that were made."""
    op.execute(DOWN)
