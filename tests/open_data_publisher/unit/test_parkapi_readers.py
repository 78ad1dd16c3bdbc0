# SPDX-License-Identifier: EUPL-1.2
"""ParkAPI v3 as its importers read it: by their own code, and by a transcription of what newer ones than ours ask for."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from open_data_publisher.feeds import parkapi
from stadttakt_messages.states import BayRestriction, LotRestriction
from support.open_data import NOON, PUBLICATION, bay, lot, truth
from support.parkapi import read_by

COUNT = {"type": "integer", "minimum": 0}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}


def text(most: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most}


AUDIENCES = (
    *("DISABLED", "WOMEN", "FAMILY", "CHARGING", "CARSHARING", "TRUCK", "BUS", "TAXI", "DELIVERY"),
    *("CUSTOMER", "RESIDENT", "CARAVAN", "CARGOBIKE"),
)
RESTRICTION = {
    "type": {"enum": list(AUDIENCES)},
    "hours": {"type": "string"},
    "max_stay": {"type": "string", "pattern": r"^P(T?\d+[A-Z])+$"},
}
BASE = {
    "uid": text(256),
    "purpose": {"enum": ["CAR", "BIKE", "ITEM"]},
    "lat": {"type": "number", "minimum": 34, "maximum": 72},
    "lon": {"type": "number", "minimum": -27, "maximum": 43},
    "address": text(512),
    "operator_name": text(256),
    "has_realtime_data": {"const": True},
    "static_data_updated_at": TIME,
    "realtime_data_updated_at": TIME,
}
NEEDED = ("uid", "purpose", "lat", "lon", "has_realtime_data", "static_data_updated_at")


def record(more: dict[str, Any], of_restrictions: dict[str, Any], *needed: str) -> dict[str, Any]:
    """Return the schema of a record: every field that is told must be one that is read."""
    closed = {"type": "object", "additionalProperties": False}
    restriction = {**closed, "properties": {**RESTRICTION, **of_restrictions}}
    fields = {**BASE, **more, "restrictions": {"type": "array", "items": restriction}}
    # What is live is demanded with the time that it is of.
    return {
        **closed,
        "properties": fields,
        "required": [*NEEDED, "realtime_data_updated_at", *needed],
    }


SITE = record(
    {
        "name": text(256),
        "type": {
            "enum": ["ON_STREET", "OFF_STREET_PARKING_GROUND", "UNDERGROUND", "CAR_PARK", "OTHER"]
        },
        "public_url": text(4096),
        "opening_hours": text(512),
        "fee_description": text(4096),
        "has_fee": {"type": "boolean"},
        "park_and_ride_type": {"items": {"enum": ["CARPOOL", "TRAIN", "BUS", "TRAM", "YES", "NO"]}},
        **dict.fromkeys(("capacity", "max_stay", "max_height", "max_width"), COUNT),
        **dict.fromkeys(("realtime_capacity", "realtime_free_capacity"), COUNT),
        "realtime_opening_status": {"enum": ["OPEN", "CLOSED", "UNKNOWN"]},
    },
    dict.fromkeys(("capacity", "realtime_free_capacity"), COUNT),
    "name",
    "type",
    "capacity",
)
SPOT = record(
    {
        "name": text(256),
        "parking_site_uid": text(256),
        "orientation": {"enum": ["PARALLEL", "DIAGONAL", "PERPENDICULAR"]},
        "realtime_status": {"enum": ["AVAILABLE", "TAKEN", "RESERVED", "UNKNOWN"]},
    },
    {},
    "realtime_status",
)
"""The models of version 0.43: fields, words and bounds, as `parkapi-sources` documents them."""

LOTS = [
    *(each.state for each in truth().lots),
    lot(
        "rules",
        max_stay_min=120,
        max_height_cm=210,
        max_width_cm=220,
        by_group=lot().by_kind,
        restrictions=[
            LotRestriction(type="disabled", hours="Mo-Fr", max_stay_min=60, capacity=2, free=1),
            LotRestriction(type="charging", capacity=3, free=None),
        ],
    ),
    lot("odd", free=99, out_of_service=5),
]
BAYS = [
    *(each.state for each in truth().bays),
    bay("lies", orientation="angled", measured_at=None),
    bay(
        "rules",
        kind="loading",
        restrictions=[
            BayRestriction(type="general", max_stay_min=60),
            BayRestriction(type="loading", hours="Mo-Fr 06:00-10:00"),
        ],
    ),
]


def sites() -> list[dict[str, Any]]:
    known = truth(lots=LOTS, at=NOON + timedelta(seconds=1))
    return list(orjson.loads(parkapi.parking_sites(known, PUBLICATION))["items"])


def spots() -> list[dict[str, Any]]:
    return list(orjson.loads(parkapi.parking_spots(truth(bays=BAYS), PUBLICATION))["items"])


def as_older(item: dict[str, Any]) -> dict[str, Any]:
    """Return a record as 0.24 names it: what is `restrictions` now was `restricted_to`."""
    renamed = {name: value for name, value in item.items() if name != "restrictions"}
    return {**renamed, "restricted_to": item.get("restrictions", [])}


@pytest.mark.parametrize(
    ("model", "items"),
    [("CombinedParkingSiteInput", sites()), ("CombinedParkingSpotInput", spots())],
)
def test_importers_read_every_record_and_what_it_says(
    model: str, items: list[dict[str, Any]]
) -> None:
    assert len(items) > 5
    for item, found in zip(items, read_by(model, [as_older(each) for each in items]), strict=True):
        assert "refused" not in found, (item, found)
        read = found["read"]
        compared = {name for name in item if name in read and not name.endswith("_at")}
        for name in compared - {"lat", "lon"}:
            assert read[name] == item[name], name
        assert (float(read["lat"]), float(read["lon"])) == (item["lat"], item["lon"])
        asked = [(each["type"], each["hours"]) for each in read["restricted_to"]]
        said = [(each.get("type"), each.get("hours")) for each in item.get("restrictions", [])]
        assert asked == said


def test_importers_refuse_what_they_cannot_read() -> None:
    """Their code is really asked."""
    wrong = [
        {**sites()[0], "realtime_opening_status": "MAYBE"},
        {**sites()[0], "lat": 11.9, "lon": 51.4},
        as_older({**sites()[0], "restrictions": [{"type": "MOTORCYCLE"}]}),
    ]
    found = read_by("CombinedParkingSiteInput", wrong)
    assert ["refused" in each for each in found] == [True, True, True]


@pytest.mark.parametrize(
    ("schema", "items"), [(SITE, sites()), (SPOT, spots())], ids=["site", "spot"]
)
def test_newer_importers_know_every_field_and_word_that_is_told(
    schema: dict[str, Any], items: list[dict[str, Any]]
) -> None:
    Draft202012Validator.check_schema(schema)
    for item in items:
        faults = [fault.message for fault in Draft202012Validator(schema).iter_errors(item)]
        assert faults == [], item
