# SPDX-License-Identifier: EUPL-1.2
"""Orders of operators, which are their own audit trail."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A bay out of service was a flag without author or reason; nothing ever wrote it but by hand.
UP = """
create table parking.operator_order (
    order_id bigint generated always as identity primary key,
    entity_kind text not null,
    entity_id text not null,
    name text not null,
    value jsonb,
    until timestamptz,
    reason text not null,
    author text not null,
    given_at timestamptz not null,
    undoes bigint
);
create index operator_order_of_entity
    on parking.operator_order (entity_kind, entity_id, name, order_id desc);
insert into parking.operator_order
    (entity_kind, entity_id, name, value, reason, author, given_at)
select 'bay', bay_id, 'service', '{"in_service": false}', 'out of service before orders were kept',
    'migration', now()
  from parking.bay where out_of_service;
alter table parking.bay drop column out_of_service;
alter table parking.sign_state add column overridden boolean not null default false;
"""

DOWN = """
alter table parking.sign_state drop column overridden;
alter table parking.bay add column out_of_service boolean not null default false;
update parking.bay b set out_of_service = true
  from (
    select distinct on (entity_id) entity_id, value from parking.operator_order
     where entity_kind = 'bay' and name = 'service' order by entity_id, order_id desc
  ) o
 where o.entity_id = b.bay_id and o.value = '{"in_service": false}';
drop table parking.operator_order;
"""


def upgrade() -> None:
    """Create the table, take over the flag of bays."""
    op.execute(UP)


def downgrade() -> None:
    """Give bays their flag back; the audit trail goes."""
    op.execute(DOWN)
