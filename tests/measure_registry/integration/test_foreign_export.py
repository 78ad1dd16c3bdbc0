# SPDX-License-Identifier: EUPL-1.2
"""The export of another platform: read by the city's profile, without who wrote it, once."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest

from measure_registry.city.folder import read_folder
from stadttakt_runtime.plugins import CityError
from support.asking import Ask
from support.ideas import ANY, HALLE, WHY
from support.rows import dump

HEADER = (
    "Nummer;Titel;Beschreibung;Thema;Link;Eingereicht am;Ort;Breitengrad;Längengrad;Autor;E-Mail"
)
BENCH = (
    "17;Bänke am Fluss;Mehr Sitzplätze am Ufer der Saale;Mobilität;https://mitmachen.example/17;"
    "20.11.2022;Peißnitzinsel;51,4935;11,9480;Emilie Geheimrat;emilie@beispiel.example"
)
LIGHT = "18;Licht im Park;Helle Wege auch am Abend;Verwaltung;;21.11.2022;;;;jemand;"
PATH = "/v1/ideas:import?profile=mitmachen-in-halle"


async def send(ask: Ask, *lines: str, dry_run: bool = False) -> httpx.Response:
    content = "\n".join([HEADER, *lines]).encode()
    path = PATH + ("&dry_run=true" if dry_run else "")
    kind = {"content-type": "text/csv"}
    return await ask("POST", path, "registry:write", content=content, headers=kind)


async def test_an_export_is_tried_taken_once_and_tells_where_it_is_from(
    http: httpx.AsyncClient, ask: Ask, database_url: str
) -> None:
    tried = await send(ask, BENCH, LIGHT, dry_run=True)
    assert tried.json() == {"dry_run": True, "ideas": 2, "known": 0, "idea_ids": []}
    assert (await ask("GET", "/v1/ideas", "registry:read")).json()["items"] == []
    taken = (await send(ask, BENCH, LIGHT)).json()
    assert (taken["ideas"], taken["known"]) == (2, 0)
    again = (await send(ask, BENCH.replace("Mehr", "Viel mehr"), LIGHT)).json()
    assert (again["ideas"], again["known"]) == (0, 2)
    name = taken["idea_ids"][0]
    idea = (await ask("GET", f"/v1/ideas/{name}", "registry:read")).json()
    assert idea["source"] == {"name": "Mitmachen in Halle", "url": "https://mitmachen.example/17"}
    assert (idea["handlungsfeld"], idea["call_id"], idea["submitted_at"][:10]) == (
        "mobilitaet", "aufruf-2022", "2022-11-20",
    )  # fmt: skip
    assert idea["place"] == {"name": "Peißnitzinsel", "lat": 51.4935, "lon": 11.948}
    await ask("POST", f"/v1/ideas/{name}:publish", "registry:write", headers=ANY, json=WHY)
    page = (await http.get(f"/idee/{name}")).text
    assert "Quelle: Mitmachen in Halle https://mitmachen.example/17" in page
    tables = await dump(database_url)
    assert [name for name, text in tables.items() if "Geheimrat" in text or "emilie@" in text] == []


WRONG = (
    (BENCH.replace("Mobilität", "Sport"), "Thema", "must be of Bildung, Mobilität"),
    (BENCH.replace("20.11.2022", "2022-13-01"), "Eingereicht am", "must be a day"),
    (BENCH.replace("51,4935", "nördlich"), "Breitengrad", "number"),
    (BENCH.replace("https://", "javascript:"), "Link", "must begin with http"),
    (BENCH.replace("17;", ";", 1), "Nummer", "is missing"),
    (BENCH.replace("Bänke am Fluss", "B"), "Titel", "3 characters"),
)


async def test_a_wrong_line_is_named_by_the_files_own_columns_and_nothing_is_taken(
    ask: Ask,
) -> None:
    for line, column, said in WRONG:
        refused = await send(ask, LIGHT, line)
        assert (refused.status_code, refused.json()["code"]) == (422, "import_refused")
        (error,) = refused.json()["errors"]
        assert (error["line"], error["field"]) == (3, column)
        assert said in error["detail"], error
    assert (await ask("GET", "/v1/ideas", "registry:read")).json()["items"] == []


async def test_an_unknown_profile_and_an_unknown_column_are_refused(ask: Ask) -> None:
    kind = {"content-type": "text/csv"}
    unknown = await ask("POST", "/v1/ideas:import?profile=anderswo", "registry:write",
                        content=b"a", headers=kind)  # fmt: skip
    assert unknown.json()["errors"][0]["code"] == "unknown_profile"
    content = (HEADER.replace("Autor", "Telefon") + "\n" + BENCH).encode()
    extra = await ask("POST", PATH, "registry:write", content=content, headers=kind)
    assert extra.json()["errors"][0]["field"] == "telefon"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: Titel", "titel: Titel", "columns: says nothing of title"),
        ("goal: Ziel", "zweck: Ziel", "there is no field zweck"),
        ("Mobilität: mobilitaet", "Mobilität: verkehr", "there is no handlungsfelder verkehr"),
        ("call_id: aufruf-2022", "call_id: aufruf-1999", "there is no call aufruf-1999"),
        ("ignored: [Autor", "ignored: [Titel", "names one twice"),
        ("day_format: '%d.%m.%Y'", "day_format: '%d.%m.'", "day_format"),
    ],
)
def test_a_broken_profile_is_named_with_file_and_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    shutil.copytree(HALLE, tmp_path / "halle")
    file = tmp_path / "halle/registry/imports.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(CityError, match=said) as refused:
        read_folder(tmp_path / "halle")
    assert "imports.yaml" in str(refused.value)
