# SPDX-License-Identifier: EUPL-1.2
"""Bays in full: opening hours and closures of lots, flapping sensors, why a bay is unknown."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UP = """
alter table parking.lot add column hours jsonb, add column flapping jsonb;
alter table parking.bay add column outline jsonb, add column timed_kinds jsonb;
alter table parking.bay_state add column recent jsonb, add column reason text;
-- a bay of a person at times is told of at no time
create or replace view parking.v1_bay as
select b.bay_id, b.lot_id, b.kind, b.lat, b.lon,
       case when s.valid_until > now() then s.state else 'unknown' end as state,
       s.since, s.measured_at, s.valid_until, s.simulated
  from parking.bay b join parking.bay_state s using (bay_id)
 where b.retired_at is null and b.kind not in ('disabled_assigned', 'resident')
   and (b.timed_kinds is null
        or not b.timed_kinds @? '$.kinds[*] ? (@.kind == "disabled_assigned" || @.kind == "resident")');
"""

DOWN = """
alter table parking.bay_state drop column recent, drop column reason;
create or replace view parking.v1_bay as
select b.bay_id, b.lot_id, b.kind, b.lat, b.lon,
       case when s.valid_until > now() then s.state else 'unknown' end as state,
       s.since, s.measured_at, s.valid_until, s.simulated
  from parking.bay b join parking.bay_state s using (bay_id)
 where b.retired_at is null and b.kind not in ('disabled_assigned', 'resident');
alter table parking.bay drop column outline, drop column timed_kinds;
alter table parking.lot drop column hours, drop column flapping;
"""


def upgrade() -> None:
    """Let lots have opening hours that are acted upon, and bays a reason."""
    op.execute(UP)


def downgrade() -> None:
    """Drop them; closures are lost until the city is applied again."""
    op.execute(DOWN)
