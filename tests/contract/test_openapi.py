# SPDX-License-Identifier: EUPL-1.2
"""Every service's OpenAPI document is valid, and says exactly which endpoints exist today."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

OPENAPI = Path(__file__).parents[2] / "schemas" / "openapi"
SERVICES = (
    "kpi-aggregator",
    "measure-registry",
    "open-data-publisher",
    "parking-occupancy",
    "uplink-decoder",
    "vehicle-occupancy",
)
PROBES = {"GET /live", "GET /ready", "GET /metrics"}

BUILT = {
    "uplink-decoder": {
        "POST /v1/webhooks/chirpstack",
        "POST /v1/webhooks/ttn",
        "POST /v1/webhooks/ttn/{event}",
        "GET /v1/devices/{dev_eui}/downlinks",
        "POST /v1/devices/{dev_eui}/downlinks",
        "GET /v1/downlinks/{downlink_id}",
        "DELETE /v1/downlinks/{downlink_id}",
        "GET /v1/devices",
        "GET /v1/devices/{dev_eui}/health",
        "GET /v1/devices/{dev_eui}/health/history",
        "GET /v1/gateways",
        "GET /v1/devices/{dev_eui}",
        "PUT /v1/devices/{dev_eui}",
        "DELETE /v1/devices/{dev_eui}",
        "POST /v1/devices:import",
        "POST /v1/devices/{dev_eui}:swap",
        "POST /v1/devices/{dev_eui}:retire",
        "POST /v1/devices/{dev_eui}:reinstate",
        "POST /v1/devices/{dev_eui}:release",
        "GET /v1/devices/{dev_eui}/changes",
        "GET /v1/devices/{dev_eui}/assignments",
        "POST /v1/devices/{dev_eui}/assignments",
        "PUT /v1/devices/{dev_eui}/assignments/{assignment_id}",
        "DELETE /v1/devices/{dev_eui}/assignments/{assignment_id}",
        "GET /v1/assignments",
        "GET /v1/devices/{dev_eui}/uplinks",
        "GET /v1/ledger",
        "GET /v1/sources",
        "GET /v1/sources/{source_id}",
        "GET /v1/assets",
        "GET /v1/assets/{asset_id}",
        "GET /v1/assets/{asset_id}/observations",
        "GET /v1/codecs",
        "GET /v1/codecs/{codec_id}",
        "GET /v1/codecs/{codec_id}/versions",
        "GET /v1/codecs/{codec_id}/versions/{version}",
        "POST /v1/codecs/{codec_id}/decode",
        "POST /v1/codecs/{codec_id}:activate",
        "PUT /v1/codecs/{codec_id}",
        "GET /v1/quarantine",
        "POST /v1/observations",
        "POST /v1/observations:import",
        "POST /v1/backfills",
        "GET /v1/backfills",
        "GET /v1/backfills/{backfill_id}",
        "POST /v1/backfills/{backfill_id}:cancel",
        "POST /v1/backfills/{backfill_id}:resume",
        "GET /v1/quarantine/summary",
        "GET /v1/quarantine/{quarantine_id}",
        "POST /v1/quarantine:retry",
        "POST /v1/quarantine:discard",
        "POST /v1/quarantine/{quarantine_id}:retry",
        "POST /v1/quarantine/{quarantine_id}:discard",
        "POST /v1/replays",
        "GET /v1/replays",
        "GET /v1/replays/{replay_id}",
        "GET /v1/replays/{replay_id}/differences",
        "GET /v1/replays/{replay_id}/differences.csv",
        "POST /v1/replays/{replay_id}:cancel",
        "POST /v1/replays/{replay_id}:resume",
        "GET /v1/alerts",
    },
    "parking-occupancy": {
        "GET /v1/lots",
        "GET /v1/lots/{lot_id}",
        "GET /v1/lots/{lot_id}/bays",
        "GET /v1/bays",
        "GET /v1/bays/{bay_id}",
        "GET /v1/signing-keys",
        "GET /v1/signs",
        "GET /v1/signs/{sign_id}",
        "GET /v1/signs/{sign_id}/stream",
        "PUT /v1/bays/{bay_id}/service",
        "PUT /v1/bays/{bay_id}/reservation",
        "DELETE /v1/bays/{bay_id}/reservation",
        "PUT /v1/lots/{lot_id}/opening",
        "PUT /v1/signs/{sign_id}/control",
        "PUT /v1/signs/{sign_id}/override",
        "DELETE /v1/signs/{sign_id}/override",
        "GET /v1/lots/{lot_id}/forecast",
        "GET /v1/lots/{lot_id}/forecast/scores",
        "GET /v1/lots/{lot_id}/history",
        "GET /v1/lots/{lot_id}/turnover",
        "GET /v1/lots/{lot_id}/effect",
        "GET /v1/orders",
        "POST /v1/orders/{order_id}:undo",
        "POST /v1/lots/{lot_id}/count-reset",
        "GET /v1/lots/{lot_id}/drift",
        "GET /v1/lots/{lot_id}/corrections",
        "GET /v1/rejections",
        "GET /v1/alerts",
    },
    "vehicle-occupancy": {
        "GET /v1/vehicles",
        "GET /v1/vehicles/{vehicle_id}",
        "GET /v1/levels",
        "POST /v1/observations",
        "GET /v1/rejections",
        "GET /v1/trips/{trip_id}/occupancy",
        "GET /v1/stops",
        "GET /v1/lines",
        "GET /v1/alerts",
        "GET /v1/acceptance-plan",
        "GET /v1/acceptance-tests",
        "POST /v1/acceptance-tests",
        "GET /v1/acceptance-tests/{acceptance_id}",
        "GET /v1/acceptance-tests/{acceptance_id}/counts",
        "GET /v1/forecast",
        "GET /v1/forecast/scores",
        "GET /v1/lines/{line}/profile",
        "GET /v1/lines/{line}/comfort",
        "GET /v1/peaks",
        "GET /v1/peaks/advice",
        "GET /v1/peaks/day-sheet",
        "GET /v1/peaks/{peak_id}",
        "GET /v1/peaks/{peak_id}/outcome",
        "POST /v1/peaks/{peak_id}/actions",
        "DELETE /v1/peaks/{peak_id}/actions/{action_id}",
    },
    "kpi-aggregator": {
        "GET /v1/indicators",
        "GET /v1/indicators/{indicator_id}",
        "GET /v1/indicators/{indicator_id}/values",
        "POST /v1/indicators/{indicator_id}/values",
        "GET /v1/values",
        "POST /v1/values:import",
        "POST /v1/values/{value_id}:approve",
        "POST /v1/values/{value_id}:withdraw",
        "POST /v1/values/{value_id}:reject",
        "GET /v1/value-files",
        "POST /v1/value-files/{file_id}:approve",
        "POST /v1/value-files/{file_id}:reject",
        "GET /v1/scorecard",
        "GET /v1/indicators/{indicator_id}/explanation",
        "GET /v1/reports",
        "GET /v1/reports/{report_id}",
        "GET /v1/reports/{report_id}/editions",
        "POST /v1/reports/{report_id}/editions",
        "GET /v1/alerts",
    },
    "measure-registry": {
        "GET /v1/ideas",
        "POST /v1/ideas",
        "GET /v1/ideas/{idea_id}",
        "PATCH /v1/ideas/{idea_id}",
        "GET /v1/ideas/{idea_id}/changes",
        "GET /v1/ideas/{idea_id}/similar",
        "GET /v1/ideas/{idea_id}/contact",
        "POST /v1/ideas/{idea_id}/transitions",
        "PUT /v1/ideas/{idea_id}/ratings/{criterion_id}",
        "POST /v1/ideas/{idea_id}:publish",
        "POST /v1/ideas/{idea_id}:withdraw",
        "POST /v1/ideas/{idea_id}:merge",
        "POST /v1/ideas/{idea_id}:split",
        "GET /v1/board",
        "GET /",
        "GET /idee/{idea_id}.pdf",
        "GET /massnahme/{name}.pdf",
        "GET /teilprojekt/{name}.pdf",
        "POST /v1/ideas:import",
        "GET /v1/export.csv",
        "GET /v1/export.json",
        "GET /v1/export.geojson",
        "GET /v1/export/{what}.csv",
        "GET /v1/export/{what}.json",
        "GET /v1/export/{what}.csv-metadata.json",
        "GET /v1/ideas/{idea_id}/personal-data",
        "POST /v1/ideas/{idea_id}:redact",
        "GET /v1/ideas/{idea_id}/attachments",
        "POST /v1/ideas/{idea_id}/attachments",
        "GET /v1/ideas/{idea_id}/attachments/{number}",
        "DELETE /v1/ideas/{idea_id}/attachments/{number}",
        "GET /v1/measures",
        "POST /v1/measures",
        "GET /v1/measures/{measure_id}",
        "PUT /v1/measures/{measure_id}",
        "GET /v1/measures/{measure_id}/subprojects",
        "GET /v1/measures/{measure_id}/effect",
        "GET /v1/measures/{measure_id}/changes",
        "GET /v1/subprojects",
        "POST /v1/subprojects",
        "GET /v1/subprojects/{subproject_id}",
        "PUT /v1/subprojects/{subproject_id}",
        "GET /v1/subprojects/{subproject_id}/effect",
        "GET /v1/subprojects/{subproject_id}/changes",
        "GET /v1/formats",
        "POST /v1/formats",
        "GET /v1/formats/{format_id}",
        "PUT /v1/formats/{format_id}",
        "POST /v1/formats/{format_id}:cancel",
        "GET /v1/formats/{format_id}/changes",
        "POST /v1/ideas/{idea_id}:adopt",
        "POST /v1/ideas/{idea_id}:release",
        "GET /v1/criteria",
        "GET /v1/workflow",
        "GET /v1/vocabulary",
        "GET /v1/places",
        "GET /v1/calls",
        "GET /v1/alerts",
    },
    "open-data-publisher": {
        "GET /feeds/datex2/v2/parking-table.xml",
        "GET /feeds/datex2/v2/parking-status.xml",
        "GET /feeds/datex2/v3/parking-table.xml",
        "GET /feeds/datex2/v3/parking-status.xml",
        "GET /feeds/datex2/light.json",
        "GET /feeds/parkapi/v3/parking-sites",
        "GET /feeds/parkapi/v3/parking-spots",
        "GET /feeds/gtfs-rt/vehicle-positions.pb",
        "GET /feeds/gtfs-rt/trip-updates.pb",
        "GET /feeds/siri/vm.xml",
        "GET /sensorthings/v1.1",
        "GET /sensorthings/v1.1/{path}",
        "GET /v1/feeds",
        "GET /v1/alerts",
        "GET /",
        "GET /datasets",
        "GET /datasets/{dataset_id}",
        "GET /datasets/{dataset_id}/data.{ending}",
        "GET /catalog",
        "GET /catalog.ttl",
        "GET /catalog.rdf",
        "GET /catalog.jsonld",
        "GET /v1/feedback",
        "GET /v1/deliveries",
        "POST /v1/deliveries",
        "GET /v1/deliveries/{delivery_id}",
        "GET /v1/deliveries/{delivery_id}/payload",
        "GET /v1/targets",
        "POST /v1/targets/{target_id}:publish",
        "GET /pull/{feed_id}",
        "GET /v1/usage",
    },
}
"""What of the contract answers today; the others have their probes only."""

NOT_BUILT = {
    "uplink-decoder": {},
    "parking-occupancy": {},
    "vehicle-occupancy": {},
    "open-data-publisher": {},
    "kpi-aggregator": {},
    "measure-registry": {},
}
"""What the contract promises and nobody has built, by the issue that builds it.

Whoever builds one moves it to BUILT: nothing stands in both, and nothing here may answer.
"""

METHODS = ("get", "put", "post", "delete", "patch")
each_service = pytest.mark.parametrize("service", SERVICES)


def document(service: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((OPENAPI / f"{service}.json").read_text(encoding="utf-8"))
    return loaded


def operations(service: str) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": item[method]
        for path, item in document(service)["paths"].items()
        for method in METHODS
        if method in item
    }


@each_service
def test_document_is_valid_openapi(service: str) -> None:
    validate(document(service))


def test_every_service_has_a_document_and_no_other() -> None:
    assert sorted(path.stem for path in OPENAPI.iterdir()) == sorted(SERVICES)


@each_service
def test_document_says_exactly_what_is_built(service: str) -> None:
    assert set(operations(service)) == PROBES | BUILT.get(service, set())


@each_service
def test_what_is_not_built_does_not_stand_under_built(service: str) -> None:
    promised = {name for names in NOT_BUILT[service].values() for name in names}
    assert not promised & BUILT.get(service, set())


@each_service
def test_every_operation_is_described_and_answers_errors_as_problems(service: str) -> None:
    for name, operation in operations(service).items():
        assert operation.get("summary"), name
        assert operation.get("description") or name in PROBES, name
        content = operation["responses"]["default"]["content"]
        assert content.keys() == {"application/problem+json"}, name


@pytest.mark.parametrize(
    "name",
    [
        "GET /v1/devices",
        "GET /v1/devices/{dev_eui}",
        "GET /v1/devices/{dev_eui}/uplinks",
        "GET /v1/ledger",
        "GET /v1/sources",
        "GET /v1/quarantine",
    ],
)
def test_what_is_not_public_asks_for_a_key(name: str) -> None:
    operation = operations("uplink-decoder")[name]
    assert operation["security"]
    assert {"401", "403"} <= operation["responses"].keys()


OPERATORS_READ = {
    "GET /v1/orders",
    "GET /v1/lots/{lot_id}/drift",
    "GET /v1/lots/{lot_id}/corrections",
    "GET /v1/alerts",
    "GET /v1/rejections",
}


@pytest.mark.parametrize("name", sorted(BUILT["parking-occupancy"]))
def test_parking_is_public_to_read_and_operated_with_a_key(name: str) -> None:
    is_public = name.startswith("GET ") and name not in OPERATORS_READ
    assert ("security" not in operations("parking-occupancy")[name]) == is_public
