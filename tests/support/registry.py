# SPDX-License-Identifier: EUPL-1.2
"""Writing the device registry as a command does, for tests that have no key."""

from __future__ import annotations

from typing import Any

from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from uplink_decoder.domain.readings import Asset
from uplink_decoder.domain.registration import KEEP, Keep, Owner, Wish
from uplink_decoder.registry.writing import plan, write
from uplink_decoder.storage import registry
from uplink_decoder.storage.registry import Author


async def set_device(
    database_url: str, dev_eui: str, *, asset: Asset | Keep | None = KEEP, **fields: Any
) -> None:
    """Register or change one device; what is not named stays as it is."""
    author = Author("test", utc_now())
    async with (
        Database.open(database_url, schema="uplink", size=2) as database,
        database.transaction() as connection,
    ):
        await registry.take_turn(connection)
        entries = await registry.read_entries(connection, [dev_eui])
        wish = Wish(dev_eui=dev_eui, fields=fields, asset=asset)
        steps, refused = await plan(entries, [wish], by=Owner.OPERATOR, author=author)
        assert not refused
        await write(connection, steps, author)
