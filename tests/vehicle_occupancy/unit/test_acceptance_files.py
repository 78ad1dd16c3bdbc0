# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from vehicle_occupancy.acceptance.counts_file import CountsRefusedError, read_counts
from vehicle_occupancy.acceptance.csv_report import to_csv
from vehicle_occupancy.acceptance.document import ReportView, report_view
from vehicle_occupancy.acceptance.page import to_page
from vehicle_occupancy.commands import app
from vehicle_occupancy.domain.acceptance import DoorEvent, Terms, report

HEADER = "vehicle_id,event_id,door,trip_id,manual_in,manual_out,automatic_in,automatic_out"
GOOD = "\n".join(f"tram-{n % 2},e{n},1,t{n},{n % 6},{n % 4},{n % 6},{n % 4}" for n in range(80))


def refused(*lines: str) -> list[tuple[int, str | None, str]]:
    with pytest.raises(CountsRefusedError) as caught:
        read_counts("\n".join(lines).encode())
    return [(error.line, error.column, error.code) for error in caught.value.errors]


def test_lines_become_door_events() -> None:
    line = "tram-614,2026-11-03T07:12/de:15002:1,2,t-7,3,0,3,"
    assert read_counts(f"{HEADER}\n{line}\n".encode()) == [
        DoorEvent("tram-614", "2026-11-03T07:12/de:15002:1", "2", 3, 0, 3, None, "t-7")
    ]


def test_what_a_german_spreadsheet_writes_is_read() -> None:
    text = (
        f"{HEADER};\r\n".replace(",", ";").replace(";\r", "\r") + "w1;e1;1;;3;0;3;1\r\n;;;;;;;\r\n"
    )
    assert read_counts(b"\xef\xbb\xbf" + text.encode())[0].automatic_out == 1


def test_every_wrong_line_is_named() -> None:
    assert refused(
        HEADER,
        "w1,e1,1,,1,1,1,1",
        "w1,e1,1,,1,1,1,1",
        "w1,e2,1,,-1,1,1,1",
        "w1,e3,1,,1,,1,1",
        "w1,e4,1,,1,1,1001,1",
        ",e5,1,,1,1,1,1",
        "w1,e6,1,1",
        "w1,e7,1,,1,1,²,1",
    ) == [
        (3, "event_id", "duplicate"),
        (4, "manual_in", "invalid_count"),
        (5, "manual_out", "invalid_count"),
        (6, "automatic_in", "invalid_count"),
        (7, "vehicle_id", "invalid_id"),
        (8, None, "fields"),
        (9, "automatic_in", "invalid_count"),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "missing"),
        (HEADER, "empty"),
        (HEADER.replace("door,", ""), "missing"),
        (HEADER + ",remark", "unknown_column"),
        (HEADER + ",door", "duplicate"),
        (f'{HEADER}\nw1,"e1,1,,1,1,1,1', "invalid_csv"),
    ],
)
def test_what_is_no_such_file_is_refused(content: str, code: str) -> None:
    assert refused(content)[0][2] == code


def test_other_encodings_are_refused_with_their_line() -> None:
    with pytest.raises(CountsRefusedError, match="line 2: not UTF-8"):
        read_counts(f"{HEADER}\nTür,e1,1,,1,1,1,1\n".encode("latin-1"))


def view_of(content: str) -> str:
    found = report_view(report(read_counts(content.encode()), Terms()))
    return to_page(
        found, "<Test> & Co", datetime(2026, 11, 3, 9, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    )


def test_page_is_german_first_and_nothing_in_it_is_markup_of_others() -> None:
    page = view_of(f"{HEADER}\n{GOOD}\n<b>w,e,1,,1,1,1,1")
    assert '<html lang="de">' in page
    assert "Abgenommen" in page
    assert "03.11.2026, 10:00 Uhr" in page
    assert "&lt;Test&gt; &amp; Co" in page
    assert "<b>w" not in page
    assert "{{" not in page


def test_csv_report_has_a_line_per_vehicle_and_direction_and_no_formula() -> None:
    content = f"{HEADER}\n{GOOD}\n=1+1,e,1,,1,1,1,1"
    found = report_view(report(read_counts(content.encode()), Terms()))
    lines = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert [line["vehicle_id"] for line in lines[::2]] == ["*", "'=1+1", "tram-0", "tram-1"]
    assert lines[0]["verdict"] == "equivalent"
    assert (lines[2]["verdict"], lines[2]["bias"]) == ("untestable", "")
    assert [line["accepted"] for line in lines[::2]] == ["yes", "no", "yes", "yes"]


ONE_GOOD = "\n".join(
    [*(f"gut,e{n},1,,{n % 6},{n % 4},{n % 6},{n % 4}" for n in range(80)),
     *(f"schief,e{n},1,,4,{n % 4},3,{n % 4}" for n in range(40))]
)  # fmt: skip


def test_each_vehicle_is_accepted_or_not_in_report_page_and_csv() -> None:
    found = report_view(report(read_counts(f"{HEADER}\n{ONE_GOOD}".encode()), Terms()))
    told = found.model_dump(mode="json")
    assert {each["vehicle_id"]: each["accepted"] for each in told["vehicles"]} == {
        "gut": True,
        "schief": False,
    }
    assert told["accepted"] is told["whole"]["accepted"] is False
    lines = csv.DictReader(io.StringIO(to_csv(found)))
    assert {line["vehicle_id"]: line["accepted"] for line in lines} == {
        "*": "no",
        "gut": "yes",
        "schief": "no",
    }
    page = view_of(f"{HEADER}\n{ONE_GOOD}")
    assert "gut<br><small>✓ abgenommen" in page
    assert "schief<br><small>nicht abgenommen" in page


def test_a_report_that_was_stored_before_vehicles_had_their_own_word_is_read() -> None:
    found = report_view(report(read_counts(f"{HEADER}\n{ONE_GOOD}".encode()), Terms()))
    stored = found.model_dump(mode="json")
    for each in (stored["whole"], *stored["vehicles"]):
        del each["accepted"]
    assert ReportView.model_validate_json(json.dumps(stored)) == found


def test_command_accepts_writes_reports_and_tells_by_its_status(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text(f"{HEADER}\n{GOOD}\n")
    folder = tmp_path / "report"
    done = CliRunner().invoke(app, ["acceptance", str(file), "--report", str(folder)])
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "accepted")
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.csv", "report.json"}
    assert json.loads((folder / "report.json").read_text())["accepted"] is True

    file.write_text(f"{HEADER}\n" + GOOD.replace(",5,1,5,1", ",5,1,4,1"))
    assert CliRunner().invoke(app, ["acceptance", str(file)]).exit_code == 2

    file.write_text("nonsense")
    failed = CliRunner().invoke(app, ["acceptance", str(file)])
    assert failed.exit_code == 1
    assert "line 1, vehicle_id: the column is missing" in failed.stderr


def test_plan_tells_how_many_door_events() -> None:
    done = CliRunner().invoke(app, ["acceptance-plan", "20"])
    assert done.stdout.strip() == "5200 door events"
    hopeless = CliRunner().invoke(app, ["acceptance-plan", "20", "--bias", "1"])
    assert hopeless.stdout.strip() == "no feasible number of door events"
