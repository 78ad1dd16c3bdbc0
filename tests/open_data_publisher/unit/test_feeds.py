# SPDX-License-Identifier: EUPL-1.2
"""What the feeds say: closed, full and unknown are three things, and nothing old is told."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from lxml import etree

from open_data_publisher.feeds import datex2_light, datex2_v2, datex2_v3, gtfs_rt, parkapi
from open_data_publisher.feeds.catalogue import FEEDS, PROTOBUF, Feed
from open_data_publisher.feeds.gtfs_rt import READABLE
from stadttakt_messages.states import BayStatus, KindCount
from support.open_data import NOON, PUBLICATION, bay, lot, somewhere, trip, truth, vehicle

GOLDEN = Path(__file__).parent / "golden"
V2 = {"d": datex2_v2.NAMESPACE}


def sites(**more: Any) -> dict[str, dict[str, Any]]:
    document = orjson.loads(parkapi.parking_sites(truth(**more), PUBLICATION))
    return {item["uid"]: item for item in document["items"]}


def v2_status(identifier: str, **more: Any) -> etree._Element:
    root = etree.fromstring(datex2_v2.parking_status(truth(**more), PUBLICATION))
    (found,) = root.xpath(f"//d:parkingRecordStatus[d:parkingRecordReference/@id='{identifier}']", namespaces=V2)  # fmt: skip
    return found


def texts(element: etree._Element, name: str) -> list[str]:
    return [str(text) for text in element.xpath(f".//d:{name}/text()", namespaces=V2)]


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.feed_id)
def test_feeds_are_as_they_were_reviewed(feed: Feed) -> None:
    """To accept a change on purpose: delete the file, run twice, read the difference."""
    file = GOLDEN / f"{feed.feed_id}.txt"
    rendered = feed.render(truth(), PUBLICATION)
    text = readable(feed, rendered)
    if not file.exists():
        file.write_text(text, encoding="utf-8")
        pytest.fail(f"{file.name} was missing and is written now: read it")
    assert text == file.read_text(encoding="utf-8")


def readable(feed: Feed, rendered: bytes) -> str:
    if feed.media_type == "application/json":
        return orjson.dumps(orjson.loads(rendered), option=orjson.OPT_INDENT_2).decode() + "\n"
    if feed.media_type == PROTOBUF:
        return gtfs_rt.as_text(rendered).decode()
    return etree.tostring(etree.fromstring(rendered), pretty_print=True, encoding="unicode")


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.feed_id)
def test_what_is_kept_of_entities_is_what_would_be_written_anew(feed: Feed) -> None:
    first, changed = truth(), truth()
    assert feed.render(first, PUBLICATION) == feed.render(first, PUBLICATION)
    lots = [
        replace(lot, static_since=lot.static_since + timedelta(days=1)) for lot in changed.lots[:1]
    ]
    kept = replace(first, lots=(*lots, *first.lots[1:]), bays=first.bays[1:])
    anew = replace(changed, lots=(*lots, *changed.lots[1:]), bays=changed.bays[1:])
    assert feed.render(kept, PUBLICATION) == feed.render(anew, PUBLICATION)


def test_a_full_lot_says_zero_and_open() -> None:
    site = sites()["pr-nord"]
    assert (site["realtime_free_capacity"], site["realtime_opening_status"]) == (0, "OPEN")
    status = v2_status("pr-nord")
    assert texts(status, "parkingSiteStatus") == ["full"]
    assert texts(status, "parkingSiteOpeningStatus") == ["open"]


def test_a_closed_lot_is_not_full() -> None:
    site = sites()["zoo"]
    assert site["realtime_opening_status"] == "CLOSED"
    assert "realtime_free_capacity" not in site
    status = v2_status("zoo")
    assert texts(status, "parkingSiteStatus") == ["other"]
    assert texts(status, "parkingSiteOpeningStatus") == ["closed"]
    assert texts(status, "parkingNumberOfVacantSpaces") == []


def test_a_lot_closed_by_an_operator_is_abnormally_closed() -> None:
    closed = lot("zoo", state="closed", closed_by="operator", closed_reason="Wasserschaden")
    assert texts(v2_status("zoo", lots=[closed]), "parkingSiteOpeningStatus") == ["closedAbnormal"]
    light = orjson.loads(datex2_light.light(truth(lots=[closed]), PUBLICATION))
    assert light["parkingPublicationLight"]["parkingSite"][0]["temporaryClosed"] is True


def test_what_is_over_its_time_is_unknown_everywhere() -> None:
    site = sites()["alt"]
    assert site["realtime_opening_status"] == "UNKNOWN"
    assert "realtime_free_capacity" not in site
    assert all("realtime_free_capacity" not in each for each in site["restrictions"])
    status = v2_status("alt")
    assert texts(status, "parkingSiteStatus") == ["unknown"]
    assert texts(status, "parkingSiteOpeningStatus") == ["statusUnknown"]
    assert texts(status, "parkingNumberOfVacantSpaces") == []
    light = orjson.loads(datex2_light.light(truth(), PUBLICATION))
    by_id = {each["_id"]: each for each in light["parkingPublicationLight"]["parkingSite"]}
    assert by_id["alt"]["availableSpaces"] is None
    assert by_id["alt"]["isOpenNow"] is None


def test_bays_of_a_lot_that_is_over_are_unknown_in_every_feed() -> None:
    over = lot(valid_until=NOON - timedelta(seconds=1))
    given: dict[str, Any] = {
        "lots": [over, lot("zoo")],
        "bays": [bay(), bay("zoo-01", lot_id="zoo")],
    }
    found = truth(**given)
    spots = orjson.loads(parkapi.parking_spots(found, PUBLICATION))["items"]
    said = {each["uid"]: each["realtime_status"] for each in spots}
    assert said == {"markt-01": "UNKNOWN", "zoo-01": "AVAILABLE"}
    assert texts(v2_status("markt-01", **given), "parkingSiteStatus") == ["unknown"]
    assert texts(v2_status("zoo-01", **given), "parkingSiteStatus") != ["unknown"]
    v3 = datex2_v3.parking_status(found, PUBLICATION)
    assert b"zoo-01" in v3
    assert b"markt-01" not in v3


def test_a_silent_bay_is_neither_free_nor_taken() -> None:
    spots = orjson.loads(parkapi.parking_spots(truth(), PUBLICATION))["items"]
    said = {each["uid"]: each["realtime_status"] for each in spots}
    assert said == {
        "markt-01": "AVAILABLE",
        "markt-02": "TAKEN",
        "markt-03": "UNKNOWN",
        "markt-04": "UNKNOWN",
        "markt-05": "UNKNOWN",
    }
    for over in ("markt-03", "markt-05"):
        assert texts(v2_status(over), "parkingNumberOfVacantSpaces") == []
        assert texts(v2_status(over), "parkingSiteStatus") == ["unknown"]
    v3 = datex2_v3.parking_status(truth(), PUBLICATION)
    assert b"markt-01" in v3
    assert b"markt-03" not in v3


def test_free_is_never_more_than_the_places_in_use() -> None:
    odd = lot(free=40, out_of_service=5)
    assert sites(lots=[odd])["markt"]["realtime_free_capacity"] == 35
    assert texts(v2_status("markt", lots=[odd]), "parkingNumberOfVacantSpaces") == ["35"]


def test_a_lot_without_places_is_told_without_a_percentage() -> None:
    none = lot(capacity=0, free=0, free_min=0, free_max=0, occupied=0, out_of_service=0, by_kind={})
    assert texts(v2_status("markt", lots=[none]), "parkingOccupancy") == []


def test_more_free_places_are_a_falling_occupancy() -> None:
    assert texts(v2_status("markt"), "parkingOccupancyTrend") == ["decreasing"]
    assert texts(v2_status("pr-nord"), "parkingOccupancyTrend") == ["increasing"]


def test_a_user_group_with_a_doubtful_bay_has_no_number() -> None:
    groups = {each["type"]: each for each in sites()["markt"]["restrictions"]}
    assert groups["DISABLED"] == {"type": "DISABLED", "capacity": 2, "realtime_free_capacity": 1}
    assert groups["CHARGING"] == {"type": "CHARGING", "capacity": 3}


def test_kinds_that_importers_do_not_know_are_places_only() -> None:
    odd = {"motorcycle": KindCount(capacity=2, free=1, occupied=1, unknown=0, out_of_service=0)}
    assert "restrictions" not in sites(lots=[lot(by_kind=odd)])["markt"]


def test_characters_of_markup_survive() -> None:
    name = 'Parkhaus <B> & "Süd" 🅿'
    root = etree.fromstring(datex2_v2.parking_table(truth(lots=[lot(name=name)]), PUBLICATION))
    assert name in [str(each) for each in root.xpath("//d:value/text()", namespaces=V2)]


def test_static_records_keep_their_version_while_only_the_count_changes() -> None:
    def version(free: int) -> list[str]:
        changed = truth(lots=[lot(free=free)], at=NOON + timedelta(minutes=free))
        root = etree.fromstring(datex2_v2.parking_table(changed, PUBLICATION))
        return [str(each) for each in root.xpath("//d:parkingRecord/@version", namespaces=V2)]

    assert version(1) == version(2)


def test_bays_of_a_lot_name_it() -> None:
    spots = orjson.loads(parkapi.parking_spots(truth(bays=[bay()]), PUBLICATION))["items"]
    assert spots[0]["parking_site_uid"] == "markt"


STOPPED: dict[str, tuple[tuple[bytes, ...], tuple[bytes, ...]]] = {
    "datex2-v2-parking-status": (
        (b"<parkingSiteStatus>unknown<", b"<parkingSiteOpeningStatus>statusUnknown<"),
        (b"VacantSpaces", b"OccupiedSpaces", b">open<", b"spacesAvailable", b">full<"),
    ),
    "datex2-v3-parking-status": (
        (b"statusUnknown<", b":status>unknown<"),
        (b"acantSpaces", b"ccupiedSpaces", b">open<", b"spacesAvailable", b":occupied>"),
    ),
    "datex2-light": (
        (b'"availableSpaces":null', b'"availability":"unknown"'),
        (b'"availability":"available"', b'"availability":"occupied"', b'"isOpenNow":true'),
    ),
    "parkapi-v3-parking-sites": (
        (b'"realtime_opening_status":"UNKNOWN"',),
        (b'"OPEN"', b'"CLOSED"', b"realtime_free_capacity", b"realtime_capacity"),
    ),
    "parkapi-v3-parking-spots": ((b'"realtime_status":"UNKNOWN"',), (b"AVAILABLE", b"TAKEN")),
    "gtfs-rt-vehicle-positions": ((b"NO_DATA_AVAILABLE",), (b"SEATS", b"latitude")),
    "gtfs-rt-trip-updates": ((b"header",), (b"SEATS", b"STANDING", b"tripUpdate")),
    "siri-vm": ((b"<Occupancy>unknown<",), (b"SeatsAvailable", b"<Longitude>")),
}
"""What each live feed says, and what it must not say, of what nobody has told of for too long."""


@pytest.mark.parametrize(
    "feed", [each for each in FEEDS if not each.is_static], ids=lambda feed: feed.feed_id
)
def test_of_an_upstream_that_stopped_each_feed_says_so_by_its_own_means(feed: Feed) -> None:
    over = {"valid_until": NOON - timedelta(seconds=1)}
    of_closed = {"state": "closed", "closed_by": "hours"}
    known = truth(
        [lot(**over), lot("zoo", **of_closed, **over)],
        [bay(**over), bay("markt-02", state=BayStatus.OCCUPIED, **over)],
        [vehicle(**somewhere(), **over)],
        [trip(**over)],
    )
    body = feed.render(known, PUBLICATION)
    if feed.media_type == PROTOBUF:
        body = READABLE["json"][1](body)
    said, unsaid = STOPPED[feed.feed_id]
    for words in said:
        assert words in body, (words, body)
    for words in unsaid:
        assert words not in body, (words, body)
