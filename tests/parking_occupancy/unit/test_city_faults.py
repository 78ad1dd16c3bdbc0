# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from pathlib import Path

import pytest

from parking_occupancy.city.folder import read_folder
from stadttakt_runtime.plugins import CityError

FILES = {
    "lots.yaml": """\
lots:
  - lot_id: platz
    name: Platz
    capacity: 2
    detection: single_bay
    lat: 51.48
    lon: 11.96
    heartbeat_limit_s: 7200
""",
    "bays.csv": """\
bay_id,lot_id,kind,lat,lon,heartbeat_limit_s
platz-1,platz,general,51.48,11.96,
platz-2,platz,disabled,51.48,11.96,60
""",
    "signs.yaml": """\
signs:
  - sign_id: tor
    lot_id: platz
    lat: 51.48
    lon: 11.96
    texts: {free: "noch {free}"}
""",
}


def write(folder: Path, **changed: str) -> None:
    for name, text in FILES.items():
        (folder / name).write_text(changed.get(name.partition(".")[0], text))


def test_all_that_is_wrong_is_told_at_once_with_file_and_line(tmp_path: Path) -> None:
    write(
        tmp_path,
        lots=FILES["lots.yaml"]
        .replace("capacity: 2", "capacity: many")
        .replace("lat: 51.48", "lat: 151"),
        bays=FILES["bays.csv"]
        + "platz-3,wiese,general,51.48,11.96,\nplatz-4,platz,garden,51.48,11.96,\n",
        signs=FILES["signs.yaml"].replace("noch {free}", "noch {frei}"),
    )
    (tmp_path / "restrictions.yaml").write_text(
        "restrictions:\n  - {bays: [platz-4, platz-9], max_stay_min: 5, hours: 'nie'}\n"
    )
    with pytest.raises(CityError) as raised:
        read_folder(tmp_path)
    told = str(raised.value).replace(f"{tmp_path}/", "").splitlines()
    expected = [
        'lots.yaml:4: capacity: must be a whole number, not "many"',
        'lots.yaml:6: lat: must be at most 90, not "151"',
        "bays.csv:5: kind: must be ",
        "signs.yaml:6: texts: free: the only placeholder is {free}",
        "bays.csv:4: there is no lot wiese",
        "restrictions.yaml:2: there is no bay platz-9 in bays.csv",
        "restrictions.yaml:2: hours: ",
    ]
    assert [line[: len(start)] for line, start in zip(told, expected, strict=True)] == expected


def test_a_file_that_is_no_csv_is_told_once_and_not_for_each_bay_that_is_named(
    tmp_path: Path,
) -> None:
    write(tmp_path, bays="bay,lot\n")
    (tmp_path / "restrictions.yaml").write_text(
        "restrictions:\n  - {bays: [platz-1], max_stay_min: 5, hours: 24/7}\n"
    )
    with pytest.raises(CityError, match="the header must be") as raised:
        read_folder(tmp_path)
    assert len(str(raised.value).splitlines()) == 1
