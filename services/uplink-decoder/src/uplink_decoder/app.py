# SPDX-License-Identifier: EUPL-1.2
"""The decoder's HTTP application; needs neither broker nor database to be built."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

from fastapi import FastAPI

from stadttakt_runtime.alerts import alert_router
from stadttakt_runtime.broker_readiness import MQTT
from stadttakt_runtime.http.app import create_app as create_service_app
from stadttakt_runtime.http.readiness import Readiness
from stadttakt_runtime.service import DATABASE
from uplink_decoder.alerting.watch import thresholds_of
from uplink_decoder.api import (
    assets,
    assignments,
    backfills,
    codecs,
    device_actions,
    device_import,
    device_lists,
    device_put,
    devices,
    downlinks,
    gateways,
    health,
    ledger,
    observations,
    quarantine,
    quarantine_actions,
    replays,
    sources,
    webhooks,
)
from uplink_decoder.downlinks.routes import PushAddresses
from uplink_decoder.intake import Intake
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.sources import SourceTable, read_sources

LARGER_BODIES = {
    device_import.PATH: device_import.MAX_BYTES,
    observations.IMPORT_PATH: observations.MAX_IMPORT_BYTES,
}
SCRIPT_TRIALS = 2
"""Uploads and trials that run scripts at once, each in a process of its own; the others wait."""


def create_app(settings: UplinkSettings | None = None) -> FastAPI:
    """Build the application with the sources of the configured city, if there is one."""
    settings = settings or UplinkSettings()
    app = create_service_app(
        title="Stadttakt uplink decoder",
        description="Stores and decodes what LoRaWAN network servers deliver.",
        version=version("stadttakt-uplink-decoder"),
        settings=settings,
        readiness=Readiness(DATABASE, MQTT),
        larger_bodies=LARGER_BODIES,
        routers=[
            webhooks.router,
            devices.router,
            device_lists.router,
            device_put.router,
            device_actions.router,
            assignments.router,
            device_import.router,
            health.router,
            gateways.router,
            codecs.router,
            quarantine.router,
            quarantine_actions.router,
            ledger.router,
            assets.router,
            alert_router("devices:read"),
            replays.router,
            downlinks.router,
            backfills.router,
            sources.router,
            observations.router,
        ],
    )
    app.state.intake = Intake()
    app.state.script_trials = asyncio.Semaphore(SCRIPT_TRIALS)
    app.state.registry_turn = asyncio.Lock()
    app.state.pushes = PushAddresses()
    app.state.thresholds = thresholds_of(settings)
    table = SourceTable(read_sources(settings.city) if settings.city else ())
    table.refuse_own_topics(settings.topic_root)
    app.state.sources = table
    return app
