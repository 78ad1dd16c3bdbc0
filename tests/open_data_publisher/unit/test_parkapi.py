# SPDX-License-Identifier: EUPL-1.2
"""ParkAPI v3 against the words and fields that its importers know: `parkapi-sources` 0.43, its models."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from open_data_publisher.feeds import parkapi
from stadttakt_messages.states import BayRestriction, BayStatus, KindCount, LotRestriction
from support.open_data import NOON, PUBLICATION, SINCE, bay, lot, truth

AUDIENCES = {
    *("DISABLED", "WOMEN", "FAMILY", "CARSHARING", "CHARGING", "TAXI", "DELIVERY", "TRUCK", "BUS"),
    *("CUSTOMER", "RESIDENT", "CARAVAN", "CARGOBIKE"),
}
"""`ParkingAudience`; a record with any other word is refused as a whole."""
KINDS = (
    *("general", "disabled", "disabled_assigned", "family", "charging", "resident", "taxi"),
    *("women", "motorcycle", "truck", "bus", "carsharing", "loading", "something-new"),
)
COUNT = KindCount(capacity=4, free=2, occupied=2, unknown=0, out_of_service=0)
DOUBT = COUNT.model_copy(update={"unknown": 1, "occupied": 1})


def sites(**more: Any) -> list[dict[str, Any]]:
    rendered = parkapi.parking_sites(truth(lots=[lot(**more)]), PUBLICATION)
    return list(orjson.loads(rendered)["items"])


def spots(*bays: Any) -> list[dict[str, Any]]:
    rendered = parkapi.parking_spots(truth(bays=list(bays)), PUBLICATION)
    return list(orjson.loads(rendered)["items"])


def restricted(group: str, **more: Any) -> LotRestriction:
    return LotRestriction(**{"type": group, "capacity": 4, "free": 2, **more})


def test_only_words_that_importers_know_are_told() -> None:
    (by_kind,) = sites(by_kind=dict.fromkeys(KINDS, COUNT))
    said = [restricted(kind) for kind in KINDS]
    (by_lot,) = sites(restrictions=said, by_group=dict.fromkeys(KINDS, COUNT))
    for site in (by_kind, by_lot):
        words = {each["type"] for each in site["restrictions"]}
        assert words < AUDIENCES
        assert "DELIVERY" in words
        assert "RESIDENT" not in words
    told = spots(*(bay(f"b-{kind}", kind=kind) for kind in KINDS))
    assert {each["type"] for spot in told for each in spot.get("restrictions", ())} < AUDIENCES


def test_a_bay_for_motorcycles_is_no_spot_for_cars() -> None:
    assert [each["uid"] for each in spots(bay(), bay("moto", kind="motorcycle"))] == ["markt-01"]


def test_every_spot_says_when_its_live_data_are_of() -> None:
    """An importer refuses a spot with live data that does not."""
    heard, silent = spots(
        bay("heard"), bay("silent", state=BayStatus.UNKNOWN, measured_at=None, reason="never_heard")
    )
    heard_at, since = NOON - timedelta(minutes=5), SINCE
    assert heard["realtime_data_updated_at"] == heard_at.isoformat().replace("+00:00", "Z")
    assert silent["realtime_data_updated_at"] == since.isoformat().replace("+00:00", "Z")
    assert silent["realtime_status"] == "UNKNOWN"


def test_hours_and_stay_of_a_user_group_are_told_as_the_lot_says_them() -> None:
    said = [
        restricted("general", max_stay_min=120),
        restricted("disabled", hours="Mo-Fr 08:00-18:00", max_stay_min=240),
        restricted("charging"),
    ]
    (site,) = sites(
        restrictions=said,
        by_group={"disabled": COUNT, "charging": DOUBT},
        max_stay_min=120,
        max_height_cm=210,
    )
    assert site["restrictions"] == [
        {
            "type": "DISABLED",
            "hours": "Mo-Fr 08:00-18:00",
            "max_stay": "PT240M",
            "capacity": 4,
            "realtime_free_capacity": 2,
        },
        {"type": "CHARGING", "capacity": 4},
    ]
    assert (site["max_stay"], site["max_height"]) == (7200, 210)
    assert "max_width" not in site


@pytest.mark.parametrize("state", ["closed", "unknown"])
def test_of_a_lot_that_is_closed_or_unknown_no_group_has_free_places(state: str) -> None:
    (site,) = sites(state=state, free=None, by_kind={"disabled": COUNT})
    assert site["restrictions"] == [{"type": "DISABLED", "capacity": 4}]


def test_a_spot_says_who_may_park_when_and_how_it_lies() -> None:
    said = [
        BayRestriction(type="general", max_stay_min=60),
        BayRestriction(type="loading", hours="Mo-Fr 06:00-10:00"),
        BayRestriction(type="motorcycle", hours="Sa"),
    ]
    (spot,) = spots(bay(restrictions=said, orientation="angled"))
    assert spot["restrictions"] == [
        {"max_stay": "PT60M"},
        {"type": "DELIVERY", "hours": "Mo-Fr 06:00-10:00"},
    ]
    assert spot["orientation"] == "DIAGONAL"
