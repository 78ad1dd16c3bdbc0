# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from parking_occupancy.city.folder import read_folder
from stadttakt_runtime.plugins import CityError

LOTS = """\
lots:
  - lot_id: platz
    name: Platz
    capacity: 2
    detection: single_bay
    lat: 51.48
    lon: 11.96
    heartbeat_limit_s: 7200
"""
BAYS = """\
bay_id,lot_id,kind,lat,lon,heartbeat_limit_s
platz-1,platz,general,51.48,11.96,
platz-2,platz,disabled,51.48,11.96,60
"""
MORE_BAYS = "bay_id,lot_id,kind,lat,lon,heartbeat_limit_s,groups,max_stay_min,orientation\n"
SIGNS = """\
signs:
  - sign_id: tor
    lot_id: platz
    lat: 51.48
    lon: 11.96
    texts: {free: "noch {free}"}
"""


KEY = """\
signing:
  keys:
    - {key_id: k, algorithm: ed25519, %s}
"""


def write(folder: Path, lots: str = LOTS, bays: str = BAYS, signs: str = SIGNS) -> Path:
    (folder / "lots.yaml").write_text(lots)
    (folder / "bays.csv").write_text(bays)
    (folder / "signs.yaml").write_text(signs)
    return folder


def test_a_folder_is_read_with_its_defaults(tmp_path: Path) -> None:
    read = read_folder(write(tmp_path))
    assert (read.lots[0].unknown_limit, read.lots[0].reserve, read.lots[0].opening) == (
        0.2,
        0,
        "24/7",
    )
    assert [bay.heartbeat_limit_s for bay in read.bays] == [None, 60]
    assert (read.signs[0].hold_s, read.signs[0].texts.full) == (120, "BESETZT")


def test_the_city_of_halle_is_read(tmp_path: Path) -> None:
    halle = Path(__file__).parents[3] / "deploy/cities/halle/parking"
    read = read_folder(halle, "Europe/Berlin", "DE-ST")
    assert "friedemann-bach-platz" in {lot.lot_id for lot in read.lots}


@pytest.mark.parametrize(
    ("changes", "file", "line", "message"),
    [
        ({"lots": LOTS + "    colour: red\n"}, "lots.yaml", 9, "colour: is no known key"),
        (
            {"lots": LOTS.replace("capacity: 2", "capacity: many")},
            "lots.yaml",
            4,
            "capacity: must be",
        ),
        (
            {"lots": LOTS.replace("capacity: 2", "capacity: 1")},
            "lots.yaml",
            4,
            "bays.csv has 2 bays",
        ),
        (
            {"lots": LOTS.replace("platz\n", "Platz!\n", 1)},
            "lots.yaml",
            2,
            "lot_id: must be 1 to 100 characters",
        ),
        (
            {"lots": LOTS.replace("name: Platz", "lot_id: b")},
            "lots.yaml",
            3,
            "lot_id is given twice",
        ),
        ({"lots": LOTS + "    alternative: platz\n"}, "lots.yaml", 9, "its own alternative"),
        ({"lots": LOTS + "    alternative: x\n"}, "lots.yaml", 9, "no lot x"),
        ({"lots": LOTS + "    alternatives: [x]\n"}, "lots.yaml", 9, "no lot x"),
        ({"lots": LOTS + "    alternatives: [x, x]\n"}, "lots.yaml", 9, "twice"),
        (
            {"lots": LOTS + "    alternative: x\n    alternatives: [x]\n"},
            "lots.yaml",
            2,
            "one of them",
        ),
        ({"lots": LOTS + LOTS[6:]}, "lots.yaml", 9, "stands in line 2 already"),
        ({"lots": "lots: [\n"}, "lots.yaml", 2, "expected the node content"),
        ({"lots": "parks: []\n"}, "lots.yaml", 1, "unknown key parks"),
        ({"lots": "lots: 7\n"}, "lots.yaml", 1, "must be a list"),
        ({"lots": "- 7\n"}, "lots.yaml", 1, "must be a mapping"),
        ({"bays": BAYS.replace("kind", "colour")}, "bays.csv", 1, "see colour, kind"),
        ({"bays": BAYS + "platz-3,elsewhere,general,1,1,\n"}, "bays.csv", 4, "no lot elsewhere"),
        ({"bays": BAYS + "platz-1,platz,general,1,1,\n"}, "bays.csv", 4, "stands in line 2"),
        ({"bays": BAYS + "platz-3,platz,general,1\n"}, "bays.csv", 4, "4 fields, the header has 6"),
        ({"bays": BAYS + "platz-3,platz,flying,1,1,\n"}, "bays.csv", 4, "kind: must be"),
        ({"lots": LOTS + "    max_height_cm: 2.1\n"}, "lots.yaml", 9, "max_height_cm: must be"),
        (
            {"lots": LOTS + "    restrictions: [{hours: mornings}]\n"},
            "lots.yaml",
            9,
            "hours: 'mornings' is not",
        ),
        (
            {"lots": LOTS + "    restrictions: [{groups: [royal]}]\n"},
            "lots.yaml",
            9,
            "restrictions.0.groups.0: must be",
        ),
        (
            {"bays": MORE_BAYS + "platz-3,platz,general,1,1,,resident,,\n"},
            "bays.csv",
            2,
            "belongs to a person, no group",
        ),
        (
            {"bays": MORE_BAYS + "platz-3,platz,resident,1,1,,general,,\n"},
            "bays.csv",
            2,
            "platz-3 belongs to a person",
        ),
        (
            {"bays": MORE_BAYS + "platz-3,platz,general,1,1,,,,crossed\n"},
            "bays.csv",
            2,
            "orientation: must be",
        ),
        (
            {"signs": SIGNS + "    max_characters: 5\n"},
            "signs.yaml",
            6,
            "longer than the sign's 5 characters",
        ),
        ({"bays": BAYS + "platz-3,platz,general,91,1,\n"}, "bays.csv", 4, "lat: must be"),
        ({"signs": SIGNS.replace("lot_id: platz", "lot_id: x")}, "signs.yaml", 3, "no lot x"),
        (
            {"signs": SIGNS.replace("noch {free}", "x" * 64)},
            "signs.yaml",
            6,
            "texts.free: longer than 63",
        ),
        (
            {"signs": SIGNS.replace("noch {free}", "ä" * 32)},
            "signs.yaml",
            6,
            "texts.free: longer than 63",
        ),
        ({"signs": SIGNS.replace("noch {free}", "x" * 62 + "{free}")}, "signs.yaml", None, None),
        ({"signs": SIGNS.replace("noch {free}", "x" * 63 + "{free}")}, "signs.yaml", 6, "longer"),
        ({"signs": SIGNS.replace("noch {free}", "{count}")}, "signs.yaml", 6, "only placeholder"),
        (
            {"signs": SIGNS.replace('free: "noch {free}"', 'unknown: "{free}"')},
            "signs.yaml",
            6,
            "no number",
        ),
        ({"signs": SIGNS.replace("noch {free}", "{alternative}")}, "signs.yaml", 6, "full alone"),
        ({"signs": SIGNS + "    signing: k\n"}, "signs.yaml", 7, "there is no key k"),
        ({"signs": SIGNS + "signing: {use: k}\n"}, "signs.yaml", 7, "use: there is no key k"),
        ({"signs": SIGNS + KEY % "secret: abc"}, "signs.yaml", 9, "is no known key"),
        ({"signs": SIGNS + KEY % "secret_file: keys/k"}, "signs.yaml", 9, "outside the city"),
        ({"signs": SIGNS + KEY % "secret_variable: K, secret_file: /k"}, "signs.yaml", 9, "one of"),
        ({"signs": SIGNS.replace("noch {free}", "a\\nb")}, "signs.yaml", 6, "control characters"),
        (
            {"signs": SIGNS + "    thresholds: {full_at: 3}\n"},
            "signs.yaml",
            7,
            "thresholds.full_left_at",
        ),
        (
            {
                "signs": SIGNS
                + "    thresholds: {full_at: 3, full_left_at: 2, almost_full_at: 4, almost_full_left_at: 5}\n"
            },
            "signs.yaml",
            7,
            "full_left_at must be above",
        ),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(
    tmp_path: Path, changes: dict[str, str], file: str, line: int | None, message: str | None
) -> None:
    folder = write(tmp_path, **changes)
    if message is None:
        read_folder(folder)
        return
    with pytest.raises(CityError, match=message) as caught:
        read_folder(folder)
    assert (caught.value.file.name, caught.value.line) == (file, line)


def test_bytes_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "bays.csv").write_bytes(BAYS.encode() + b"platz-3,platz,general,\xff,1,\n")
    with pytest.raises(CityError, match="UTF-8"):
        read_folder(folder)


CLOSURES = """\
    opening: Mo-Sa 06:00-22:00; PH off
    closures:
      - {from: 2026-12-24, to: 2026-12-26, reason: Weihnachten}
      - {from: 2026-12-31T18:00, to: "2027-01-01 06:00", reason: Silvester}
"""


def test_closures_are_by_the_citys_clock_and_days_are_closed_whole(tmp_path: Path) -> None:
    lot = read_folder(write(tmp_path, LOTS + CLOSURES), "Europe/Berlin", "DE-ST").lots[0]
    assert lot.row("Europe/Berlin", "DE-ST")["hours"] == {
        "timezone": "Europe/Berlin",
        "region": "DE-ST",
        "closures": [
            {
                "begin": "2026-12-23T23:00:00+00:00",
                "end": "2026-12-26T23:00:00+00:00",
                "reason": "Weihnachten",
            },
            {
                "begin": "2026-12-31T17:00:00+00:00",
                "end": "2027-01-01T05:00:00+00:00",
                "reason": "Silvester",
            },
        ],
    }


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ("    opening: Mo-Sa 25:99\n", 9, "opening: 'Mo-Sa 25:99' is not understood at column 7"),
        ("    opening: Mo-Sa; PH off\n", 9, "need public_holidays in city.yaml"),
        ("    closures:\n      - {from: heute, to: 2026-12-26, reason: abc}\n", 10, "a local time"),
        (
            "    closures:\n      - {from: 2026-12-26, to: 2026-12-25, reason: abc}\n",
            10,
            "end after",
        ),
        (
            "    closures:\n      - {from: 2026-12-26T10:00:00Z, to: 2026-12-27, reason: abc}\n",
            10,
            "without an offset",
        ),
        (
            (
                "    closures: [{from: 2026-12-24, to: 2026-12-26, reason: Fest},"
                " {from: 2026-12-26, to: 2026-12-27, reason: Messe}]\n"
            ),
            9,
            "Fest and Messe overlap",
        ),
    ],
)
def test_wrong_hours_and_closures_are_refused_with_their_line(
    tmp_path: Path, lines: str, line: int, message: str
) -> None:
    with pytest.raises(CityError, match=message) as refused:
        read_folder(write(tmp_path, LOTS + lines))
    assert f"lots.yaml:{line}:" in str(refused.value)


def test_secret_in_the_city_folder_is_refused(tmp_path: Path) -> None:
    parking = tmp_path / "parking"
    parking.mkdir()
    write(parking, signs=SIGNS + KEY % f"secret_file: {tmp_path}/k.pem")
    with pytest.raises(CityError, match="no place in the city folder"):
        read_folder(parking)


def test_alternative_and_alternatives_say_the_same(tmp_path: Path) -> None:
    second = (
        LOTS[6:].replace("lot_id: platz", "lot_id: zweiter").replace("capacity: 2", "capacity: 0")
    )
    for line in ("alternative: zweiter", "alternatives: [zweiter]"):
        read = read_folder(write(tmp_path, lots=f"{LOTS}    {line}\n{second}"))
        assert read.lots[0].row("UTC")["alternatives"] == ("zweiter",)


def test_a_text_is_measured_with_the_longest_name_it_may_show(tmp_path: Path) -> None:
    named = f"{LOTS}    alternative: zweiter\n" + LOTS[6:].replace(
        "lot_id: platz", "lot_id: zweiter"
    ).replace("name: Platz", "name: " + "ß" * 30).replace("capacity: 2", "capacity: 0")
    texts = SIGNS.replace('free: "noch {free}"', 'full: "%s{alternative}"')
    read_folder(write(tmp_path, lots=named, signs=texts % "xxx"))
    with pytest.raises(CityError, match="full: longer than 63"):
        read_folder(write(tmp_path, lots=named, signs=texts % "xxxx"))


RING = [[11.96, 51.48], [11.97, 51.48], [11.97, 51.49], [11.96, 51.48]]


def outline(bay_id: str = "platz-1", ring: list[list[float]] = RING) -> dict[str, object]:
    return {
        "type": "Feature",
        "properties": {"bay_id": bay_id, "drawn_by": "Vermessung"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def write_outlines(folder: Path, *features: object) -> Path:
    file = write(folder) / "bays.geojson"
    file.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": features}))
    return folder


def test_outlines_are_read_by_bay(tmp_path: Path) -> None:
    assert read_folder(write_outlines(tmp_path, outline())).outlines == {
        "platz-1": {"type": "Polygon", "coordinates": [RING]}
    }


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([outline("nowhere")], "features.0: there is no bay nowhere"),
        ([outline(), outline()], "features.1: platz-1 has an outline already"),
        ([outline(ring=RING[:3])], "must have 4 entries or more"),
        ([outline(ring=[*RING[:3], [11.0, 51.0]])], "must end where it begins"),
        ([outline(ring=[[200.0, 51.0]] * 4)], "must be at most 180"),
        ([{"type": "Feature"}], "features.0.geometry: is missing"),
    ],
)
def test_wrong_outlines_are_refused(tmp_path: Path, features: list[object], message: str) -> None:
    with pytest.raises(CityError, match=message) as refused:
        read_folder(write_outlines(tmp_path, *features))
    assert "bays.geojson" in str(refused.value)


def test_outlines_that_are_no_json_are_refused_with_their_line(tmp_path: Path) -> None:
    (write(tmp_path) / "bays.geojson").write_text('{"type":\n oops}')
    with pytest.raises(CityError, match=r"bays.geojson:2: not JSON"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("restriction", "line", "message"),
    [
        ("bays: [nowhere], kind: loading, hours: 24/7", 2, "there is no bay nowhere"),
        ("bays: [platz-1], kind: royal, hours: 24/7", 2, "kind: must be 'general'"),
        ("bays: [platz-1], kind: loading, hours: mornings", 2, "hours: 'mornings' is not"),
        ("bays: [], kind: loading, hours: 24/7", 2, "bays: must have 1 entries or more"),
        ("bays: [platz-1], hours: 24/7", 2, "kind, groups or max_stay_min"),
        ("bays: [platz-1], groups: [resident], hours: 24/7", 2, "belongs to a person, no group"),
        ("bays: [platz-1], groups: [family, family], hours: 24/7", 2, "stands there twice"),
        ("bays: [platz-1], groups: [], hours: 24/7", 2, "groups: must have 1 entries or more"),
        (
            "bays: [platz-1], max_stay_min: 0, hours: 24/7",
            2,
            'max_stay_min: must be at least 1, not "0"',
        ),
        ("bays: [platz-1], kind: resident, groups: [family], hours: 24/7", 2, "has no groups"),
    ],
)
def test_wrong_restrictions_are_refused_with_their_line(
    tmp_path: Path, restriction: str, line: int, message: str
) -> None:
    (write(tmp_path) / "restrictions.yaml").write_text(f"restrictions:\n  - {{{restriction}}}\n")
    with pytest.raises(CityError, match=message) as refused:
        read_folder(tmp_path)
    assert f"restrictions.yaml:{line}:" in str(refused.value)
