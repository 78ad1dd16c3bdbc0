# SPDX-License-Identifier: EUPL-1.2
"""How much of what devices sent arrived, by hour and place, for who computes indicators."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# A place is what a device's tag `place` says; else the square of a hundredth of a degree that it or
# what it observes stands in. A frame that came late was counted as lost the hour before: below zero.
UP = """
alter table device_health_hour add column changed_at timestamptz not null default now();
create index device_health_hour_changed on device_health_hour (changed_at);
create view v1_radio_hour as
select hours.dev_eui,
    coalesce(nullif(device.tags ->> 'place', ''),
        round(coalesce(device.lat, place.lat)::numeric, 2)
            || ',' || round(coalesce(device.lon, place.lon)::numeric, 2),
        '') as place,
    hours.hour, hours.frames, hours.lost - hours.lost_long as lost, hours.lost_long,
    hours.simulated, hours.changed_at
from device_health_hour as hours
join device using (dev_eui)
left join lateral (
    select asset.lat, asset.lon from assignment join asset using (asset_id)
    where assignment.dev_eui = hours.dev_eui and assignment.valid_to is null
    limit 1
) as place on true;
comment on view v1_radio_hour is
    'Frames of devices that arrived and that did not, by hour; lost ones without long absences.';
grant select on v1_radio_hour to public;
"""

DOWN = """
drop view v1_radio_hour;
drop index device_health_hour_changed;
alter table device_health_hour drop column changed_at;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
