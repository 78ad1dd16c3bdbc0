# SPDX-License-Identifier: EUPL-1.2
"""Import and export of devices as CSV over HTTP."""

from __future__ import annotations

from typing import Any

from support.asking import Ask

CSV = {"content-type": "text/csv"}
PATH = "/v1/devices:import"
NEW = "02000000000000aa"
HEADER = "dev_eui,name,codec_id,asset_kind,asset_id,tags\n"


async def post(ask: Ask, text: str, query: str = "", **headers: str) -> Any:
    return await ask(
        "POST", PATH + query, "devices:write", content=text.encode(), headers={**CSV, **headers}
    )


async def export(ask: Ask, query: str = "") -> str:
    answer = await ask("GET", f"/v1/devices{query}", "devices:read", headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return str(answer.text)


async def test_export_imported_again_changes_nothing(running: Any, ask: Ask) -> None:
    await post(ask, HEADER + f"{NEW},market,bosch-tps110,bay,lot-91,a=b;c=d\n")
    await ask("POST", "/v1/devices/0200000000000003:retire", "devices:write", json={})
    before = await running.rows("select * from device order by dev_eui")
    text = await export(ask)
    assert len(text.splitlines()) == 6
    report = (await post(ask, text)).json()
    assert (report["unchanged"], report["created"], report["changed"]) == (5, 0, 0)
    assert report["changes"] == []
    assert await running.rows("select * from device order by dev_eui") == before


async def test_export_follows_the_filters(ask: Ask) -> None:
    lines = (await export(ask, "?asset=bay/lot-02")).splitlines()
    assert [line.partition(",")[0] for line in lines] == ["dev_eui", "0200000000000002"]


async def test_import_reports_what_became_of_each_device(ask: Ask) -> None:
    text = HEADER + (
        f"{NEW},market,bosch-tps110,bay,lot-91,\n"
        "0200000000000001,0200000000000001,bosch-tps110,bay,lot-01,a=b\n"
        "0200000000000002,0200000000000002,nwave-nps310,bay,lot-99,a=b\n"
    )
    tried = (await post(ask, text, "?dry_run=true&retire_absent=true")).json()
    done = (await post(ask, text, "?retire_absent=true")).json()
    assert tried == {**done, "dry_run": True}
    counts = {name: done[name] for name in ("created", "changed", "unchanged", "retired")}
    assert counts == {"created": 1, "changed": 1, "unchanged": 1, "retired": 2}
    told = [(each["line"], each["dev_eui"][-2:], each["outcome"]) for each in done["changes"]]
    assert told == [(2, "aa", "created"), (4, "02", "changed"), (None, "03", "retired"),
                    (None, "04", "retired")]  # fmt: skip
    assert done["changes"][1]["fields"] == ["assignments", "owner"]


async def test_dry_run_writes_nothing(running: Any, ask: Ask) -> None:
    before = await running.rows("select * from device order by dev_eui")
    report = (await post(ask, HEADER + f"{NEW},x,,,,\n", "?dry_run=true")).json()
    assert report["created"] == 1
    assert await running.rows("select * from device order by dev_eui") == before


async def test_one_wrong_line_refuses_the_whole_file_and_names_all_that_is_wrong(
    running: Any, ask: Ask
) -> None:
    text = HEADER + (
        f"{NEW},market,bosch-tps110,bay,lot-91,\n"
        "02000000000000ab,x,no-such-codec,,,\n"
        "02000000000000ac,x,also-none,,,\n"
    )
    refused = await post(ask, text)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["error_count"]) == (
        422,
        "import_refused",
        2,
    )
    assert problem["errors"][0] == {
        "in": "body",
        "field": "codec_id",
        "line": 3,
        "detail": "there is no codec 'no-such-codec'",
        "code": "unknown_codec",
    }
    assert await running.rows("select 1 from device where dev_eui = $1", NEW) == []


async def test_what_is_no_csv_is_refused(ask: Ask) -> None:
    wrong_type = await ask("POST", PATH, "devices:write", json={})
    assert wrong_type.status_code == 415
    latin = await ask(
        "POST", PATH, "devices:write", content=HEADER.encode() + b"\nM\xfcnchen", headers=CSV
    )
    assert (latin.status_code, latin.json()["errors"][0]["line"]) == (422, 3)
    empty = await post(ask, "")
    assert (empty.status_code, empty.json()["errors"][0]["field"]) == (422, "dev_eui")
    without_scope = await ask("POST", PATH, "devices:read", content=b"", headers=CSV)
    assert without_scope.status_code == 403


async def test_import_larger_than_other_bodies_is_taken(ask: Ask) -> None:
    line = "x" * 190
    text = "dev_eui,name\n" + "".join(f"{number:016x},{line}\n" for number in range(6000))
    assert len(text) > 1_100_000
    report = (await post(ask, text)).json()
    assert (report["created"], len(report["changes"])) == (6000, 1000)


async def test_import_repeated_with_its_key_gives_the_first_answer(ask: Ask) -> None:
    text = HEADER + f"{NEW},market,,,,\n"
    first = await post(ask, text, **{"idempotency-key": "once"})
    again = await post(ask, text, **{"idempotency-key": "once"})
    assert first.json() == again.json()
    assert again.json()["created"] == 1


async def test_second_device_of_a_bay_is_imported_with_a_warning_and_watches_it_from_now(
    ask: Ask,
) -> None:
    text = HEADER + f"{NEW},camera,bosch-tps110,bay,lot-01,\n"
    tried = (await post(ask, text, "?dry_run=true")).json()
    done = (await post(ask, text)).json()
    assert tried == {**done, "dry_run": True}
    (warning,) = done["warnings"]
    assert (warning["line"], warning["field"], warning["code"]) == (2, "asset_id", "shared_bay")
    assert "bay lot-01 is watched by 0200000000000001 too" in warning["detail"]
    device = (await ask("GET", f"/v1/devices/{NEW}", "devices:read")).json()
    assert device["asset"]["valid_from"] > "2026"
    again = (await post(ask, text)).json()
    assert (again["unchanged"], again["warnings"]) == (1, [])


async def test_two_devices_of_one_bay_in_one_file_warn_of_each_other(ask: Ask) -> None:
    other = "02000000000000ab"
    text = HEADER + (
        f"{NEW},magnet,bosch-tps110,bay,lot-91,\n{other},camera,bosch-tps110,bay,lot-91,\n"
    )
    done = (await post(ask, text)).json()
    told = [(each["line"], each["detail"].split(";")[0]) for each in done["warnings"]]
    assert told == [
        (2, f"bay lot-91 is watched by {other} too"),
        (3, f"bay lot-91 is watched by {NEW} too"),
    ]
    device = (await ask("GET", f"/v1/devices/{other}", "devices:read")).json()
    assert device["asset"]["valid_from"] == "1970-01-01T00:00:00Z"
