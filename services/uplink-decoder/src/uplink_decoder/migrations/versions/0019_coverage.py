# SPDX-License-Identifier: EUPL-1.2
"""Which devices are to be heard, and in which hours anything was, for who computes coverage."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# A device that is assigned and silent has no hour: who divides by those with hours never misses it.
UP = """
create view v1_assigned_device as
select device.dev_eui,
    coalesce(nullif(device.tags ->> 'place', ''),
        round(coalesce(device.lat, asset.lat)::numeric, 2)
            || ',' || round(coalesce(device.lon, asset.lon)::numeric, 2),
        '') as place,
    assignment.asset_kind, assignment.asset_id, assignment.valid_from as assigned_since
from assignment
join device using (dev_eui)
left join asset using (asset_id)
where assignment.valid_to is null and device.retired_at is null;
comment on view v1_assigned_device is
    'Devices that observe something now, heard or not, with their place as in v1_radio_hour.';
create view v1_heard_hour as
select hours.hour,
    (exists (select from device_health_hour as health
              where health.hour = hours.hour and health.frames > 0))::integer as heard
from generate_series((select min(hour) from device_health_hour),
                     date_trunc('hour', now()), interval '1 hour') as hours (hour);
comment on view v1_heard_hour is
    'Hours since the first one, 1 where any device was heard: in the others nobody listened, or all were silent.';
grant select on v1_assigned_device, v1_heard_hour to public;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute("drop view v1_heard_hour, v1_assigned_device")
