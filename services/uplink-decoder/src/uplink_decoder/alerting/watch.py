# SPDX-License-Identifier: EUPL-1.2
"""Every minute: what is silent; every five: loss, codecs and batteries; raised and cleared."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import orjson

from stadttakt_runtime.alerts import settle
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.process import pause
from uplink_decoder import metrics
from uplink_decoder.alerting import rules, texts
from uplink_decoder.alerting.outlooks import outlooks_of
from uplink_decoder.domain.battery import DAYS
from uplink_decoder.domain.thresholds import Thresholds
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.sources import SourceTable
from uplink_decoder.storage import conditions, health_views

LOOK_EVERY_S = 60.0
SLOW_EVERY_LOOKS = 5
SILENCE = (
    texts.DEVICE_SILENT,
    texts.DEVICES_SILENT,
    texts.SOURCE_SILENT,
    texts.GATEWAY_SILENT,
)
SLOW = (texts.RADIO_LOSS, texts.CODEC_ERRORS, texts.BATTERY_LOW, texts.BATTERY_ENDS_SOON)
DAY = timedelta(days=1)
LONGEST_OUTAGE = timedelta(days=31)
OUTLOOK_AFTER = timedelta(hours=20)
OUTLOOKS_AT_ONCE = 500
LAGGING = 5000
"""So many hours wait to be examined: gateways only seem to be silent."""


def thresholds_of(settings: UplinkSettings) -> Thresholds:
    """Return from when something wants attention, as an operator set it."""
    return Thresholds(
        radio_loss_percent=settings.radio_loss_percent,
        codec_errors_day=settings.codec_errors_day,
        battery_low_percent=settings.battery_low_percent,
        battery_low_mv=settings.battery_low_mv,
        battery_empty_mv=settings.battery_empty_mv,
        battery_ends_days=settings.battery_ends_days,
        mass_silence=settings.mass_silence,
    )


class Watch:
    """Looks after everything that sends; one of all decoders does so at a time."""

    def __init__(
        self,
        database: Database,
        sources: SourceTable,
        settings: UplinkSettings,
    ) -> None:
        self._database = database
        self._simulated = {each.source_id for each in sources.sources if each.simulated}
        self._limits_s = {
            each.source_id: limit
            for each in sources.sources
            if (limit := each.silence_limit_s) is not None
        }
        self._thresholds = thresholds_of(settings)
        self._silent_intervals = settings.silent_after_intervals

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`; cut off there, since a database that is away would be waited for."""
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._run(stop), name="watch")
            await stop.wait()
            watching.cancel()

    async def _run(self, stop: asyncio.Event) -> None:
        looks = 0
        while not stop.is_set():
            await self.look(utc_now(), slow=looks % SLOW_EVERY_LOOKS == 0)
            looks += 1
            await pause(stop, LOOK_EVERY_S)

    async def look(self, now: datetime, *, slow: bool) -> None:
        """Bring the alerts in line with what is the case now."""
        await self._database.persist(lambda c: self._look_for_silence(c, now))
        if slow:
            await self._database.persist(lambda c: self._foresee(c, now))
            await self._database.persist(lambda c: self._look_for_decay(c, now))
            await self._database.persist(lambda c: self._count(c, now))

    async def _look_for_silence(self, connection: Any, now: datetime) -> None:
        if not await conditions.take_turn(connection):
            return
        await conditions.set_policy(connection, self._silent_intervals)
        away = await conditions.note_watch(connection, now)
        open_alerts = await conditions.open_alerts(connection, SILENCE)
        found = await conditions.sources(connection, now)
        when = rules.When(now, away, self._limits_s)
        of_sources = list(rules.silent_sources(found, open_alerts, when, self._is_simulated))
        quiet_sources = {str(each.details["source"]) for each in of_sources}
        of_gateways = await self._gateways(connection, open_alerts, when, quiet_sources)
        silent = await conditions.silent_devices(connection, now)
        quiet_gateways = [str(each.details["gateway_id"]) for each in of_gateways]
        returned = await conditions.gateway_outages(connection, now - LONGEST_OUTAGE)
        silence = rules.Silence(
            devices=silent,
            sources=found,
            only_heard_by_silent=await conditions.heard_only_by(connection, silent, quiet_gateways),
            outages=await conditions.outages(connection, now, now - LONGEST_OUTAGE),
            when=when,
            gateway_outages=[(each["begin_at"], each["end_at"]) for each in returned],
            only_heard_by_returned=await conditions.heard_only_by(
                connection, silent, [each["gateway_id"] for each in returned]
            ),
        )
        of_devices = rules.silent_devices(
            silence, open_alerts, quiet_sources, self._thresholds, self._is_simulated
        )
        await settle(connection, SILENCE, [*of_sources, *of_gateways, *of_devices], now)

    async def _gateways(
        self, connection: Any, open_alerts: rules.Open, when: rules.When, quiet: set[str]
    ) -> list[Any]:
        rows = await conditions.quiet_gateways(connection, when.now)
        if rows and await conditions.waiting_hours(connection) > LAGGING:
            rows = [
                row
                for row in rows
                if rules.is_told(open_alerts, texts.GATEWAY_SILENT, row["gateway_id"])
            ]
        return list(rules.silent_gateways(rows, open_alerts, when, quiet))

    async def _look_for_decay(self, connection: Any, now: datetime) -> None:
        if not await conditions.take_turn(connection):
            return
        limits = self._thresholds
        open_alerts = await conditions.open_alerts(connection, SLOW)
        losses = await conditions.losses(
            connection,
            now - DAY,
            fewest=rules.FEWEST_FRAMES,
            percent=limits.radio_loss_percent / 2,
        )
        errors = await conditions.codec_errors(connection, now - DAY, limits.codec_errors_day)
        batteries = await conditions.batteries(
            connection,
            percent=limits.battery_low_percent + 5,
            mv=limits.battery_low_mv + 100,
            ends_before=now + timedelta(days=limits.battery_ends_days) * rules.LATER_END,
        )
        is_simulated = self._is_simulated
        present = [
            *rules.lossy_devices(losses, open_alerts, limits, is_simulated),
            *rules.failing_codecs(errors, open_alerts, is_simulated),
            *rules.weak_batteries(batteries, open_alerts, limits, now, is_simulated),
        ]
        await settle(connection, SLOW, present, now)

    async def _foresee(self, connection: Any, now: datetime) -> None:
        """Compute the outlook of batteries, some at a time, each once a day."""
        rows = await conditions.without_outlook(connection, now - OUTLOOK_AFTER, OUTLOOKS_AT_ONCE)
        limits = {
            row["dev_eui"]: self._thresholds.battery_of(orjson.loads(row["tags"])) for row in rows
        }
        since = now - timedelta(days=DAYS)
        daily = await health_views.daily_battery(connection, list(limits), since)
        by_device: dict[str, list[Any]] = {}
        for row in daily:
            by_device.setdefault(row["dev_eui"], []).append(row)
        written = []
        for dev_eui, values in by_device.items():
            await asyncio.sleep(0)
            mv, percent, best = outlooks_of(values, limits[dev_eui])[dev_eui]
            reason = best.withheld.value if best.withheld else None
            written.append((dev_eui, mv.per_day, percent.per_day, best.ends_at, reason))
        await conditions.write_outlooks(connection, written, now)

    async def _count(self, connection: Any, now: datetime) -> None:
        for status in ("active", "silent", "unknown", "retired"):
            metrics.DEVICES_BY_STATUS.labels(status).set(0)
        for status, count in (await conditions.count_devices(connection, now)).items():
            metrics.DEVICES_BY_STATUS.labels(status).set(count)
        for row in await conditions.radio_by_source(connection, now - DAY):
            metrics.RADIO_FRAMES.labels(row["source_id"], "received").set(row["frames"])
            metrics.RADIO_FRAMES.labels(row["source_id"], "lost").set(row["lost"])
        metrics.HEALTH_WAITING.set(await conditions.waiting_hours(connection))

    def _is_simulated(self, source_id: str | None) -> bool:
        return source_id in self._simulated
