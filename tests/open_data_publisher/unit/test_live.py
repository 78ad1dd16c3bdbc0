# SPDX-License-Identifier: EUPL-1.2
"""What pages show is made once for each change."""

from datetime import timedelta

from open_data_publisher.domain.states import Entry
from open_data_publisher.live import Live
from support.open_data import bay, lot
from support.portal import portal, tell, utc


async def test_the_present_is_made_anew_when_a_lot_changes_and_not_when_a_bay_does() -> None:
    async with portal() as (_, app, _):
        live: Live = app.state.live
        first = live.now(utc())
        assert live.now(utc()) is first
        assert first.file is live.now(utc()).file
        now = utc()
        a_bay = bay(valid_until=now + timedelta(minutes=5))
        app.state.board.load([("bay", a_bay.bay_id, Entry(a_bay, now, now, now))])
        assert live.now(utc()) is first
        tell(app, lot(lot_id="new", name="Neu", valid_until=utc() + timedelta(minutes=5)))
        second = live.now(utc())
        assert second is not first
        assert second.states["new"].name == "Neu"
        assert live.now(utc() + timedelta(minutes=6)).states["new"].free is None
