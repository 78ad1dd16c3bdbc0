# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import re
from pathlib import Path

import pytest

from kpi_aggregator.city.apply import check_city
from kpi_aggregator.city.folder import read_folder
from kpi_aggregator.domain.framework import Source
from stadttakt_runtime.plugins import CityError
from support.indicators import LOTS, indicator, write_city

HALLE = Path(__file__).parents[3] / "deploy/cities/halle"
TABLE = {
    "Anzahl der Vernetzungsformate pro Jahr",
    "Qualitäten der Zusammenarbeit (eng, assoziativ, konsultativ etc.)",
    "Anzahl und Vielfalt der Nutzungen (Grad der Diversität der Funktionen und Nutzungen)",
    "Anzahl neuer datenbasierter Anwendungsfälle",
    "Anzahl der Angebote an Verkehrsmitteln und Mobilitätsangeboten",
    "Modal Split",
    "Auslastungszahlen und Diversität der Nutzenden",
    "durchschnittliche Reisezeit",
    "Nutzung der Mobilitätsinformationen",
    "Anzahl und Diversität der Teilnehmenden an städtischen Veranstaltungen",
    "Zufriedenheit mit den Projekten",
    "Anzahl eingeführter digitaler Instrumente",
    "Nutzungsgrad von vorhandenen Ressourcen und Daten (in %)",
}
COMPUTED = {
    "auslastung-parkplaetze",
    "auslastung-linien",
    "nutzung-der-mobilitaetsinformationen",
    "nutzungsgrad-von-daten",
    "datenbasierte-anwendungsfaelle",
    "vernetzungsformate",
}


def test_framework_of_halle_is_the_table_of_its_strategy() -> None:
    read = read_folder(HALLE)
    own = [each for each in read.indicators if not each.extension]
    assert {each.measured for each in own} == TABLE
    assert [each.mehrwert for each in read.mehrwerte] == [
        "vernetzen",
        "potenzialraeume",
        "erreichbarkeit",
        "stadtstolz",
        "clever",
    ]
    assert {each.indicator_id for each in own if each.source is Source.FORMULA} == COMPUTED


def test_each_indicator_of_halle_serves_principles_of_its_mehrwert() -> None:
    """Chapter 3.3 names the Mehrwerte of each Leitsatz."""
    read = read_folder(HALLE)
    assert len(read.words.leitsaetze) == 8
    served = {each.mehrwert: set[str]() for each in read.mehrwerte}
    for each in read.indicators:
        assert each.leitsaetze, each.indicator_id
        served[each.mehrwert] |= set(each.leitsaetze)
    assert served["vernetzen"] == {"stadtgesellschaft", "integriert", "open-data"}
    assert set().union(*served.values()) == read.words.leitsaetze.keys()


def write(folder: Path, text: str) -> Path:
    (folder / "kpi").mkdir()
    (folder / "kpi/framework.yaml").write_text(text, encoding="utf-8")
    return folder


GOOD = """mehrwerte:
  - {mehrwert: a, title: {de: A, en: A}, description: d}
indicators:
  - indicator_id: x
    mehrwert: a
    title: {de: X, en: X}
    measured: m
    unit: u
    direction: up
    source: manual
    period: year
    version: 1
    method: m
    owner: o
"""

PRINCIPLE = "\n  - {leitsatz: l, title: {de: L, en: L}}"


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (("    mehrwert: a\n", "    mehrwert: b\n"), 5, "there is no Mehrwert b"),
        (("unit: u", "units: u"), 4, "unit"),
        (("source: manual", "source: formula"), 4, "formula"),
        (("period: year", "period: fortnight"), 11, "period"),
        (("version: 1", "version: 0"), 12, "version"),
        (("owner: o", "owner: o\n    minimum: 5\n    maximum: 1"), 15, "minimum"),
        (
            (
                "owner: o",
                "owner: o\n    baseline: {value: 1, at: 2026-01-01}\n    target: {value: 2, at: 2025-01-01}",
            ),
            16,
            "target",
        ),
        (
            ("owner: o", "owner: o\n    target: {value: 2, at: 2027-01-01}"),
            15,
            "target: needs a baseline",
        ),
        (("owner: o", "owner: o\n    leitsaetze: [l]"), 15, "there is no Leitsatz l"),
        (("owner: o", "owner: o\n    fields: [f]"), 15, "there is no Handlungsfeld f"),
        (("indicators:", f"leitsaetze:{PRINCIPLE}{PRINCIPLE}\nindicators:"), 5, "l is given twice"),
        (("indicators:", "indikatoren:"), 3, "unknown key"),
        (("unit: u", "unit: '%'"), 4, "minimum: must be given where the unit is %"),
        (
            ("unit: u", "unit: '%'\n    minimum: 0"),
            4,
            "maximum: must be given where the unit is %",
        ),
        (
            ("unit: u", "unit: '%'\n    minimum: 0\n    maximum: null"),
            10,
            "maximum: must be given where the unit is %",
        ),
        (
            ("unit: u", "unit: u\n    whole: true"),
            4,
            "minimum: must be given where values are counts (whole: true)",
        ),
    ],
)
def test_broken_framework_is_refused_with_line_and_reason(
    tmp_path: Path, change: tuple[str, str], line: int, reason: str
) -> None:
    city = write(tmp_path, GOOD.replace(*change, 1))
    with pytest.raises(CityError, match=re.escape(reason)) as caught:
        read_folder(city)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("reports.yaml", "", "reports.yaml: holds nothing: it must have one of mehrwerte, "),
        ("reports.yaml", "# later\n", "reports.yaml: holds nothing"),
        ("reports.yaml", "reports: []\n", "reports.yaml: holds nothing"),
        ("reports.yml", "reports: []\n", "reports.yml: would not be read"),
        ("framework.yaml~", GOOD, "framework.yaml~: would not be read"),
        ("framework.yaml", GOOD.partition("indicators:")[0], "kpi: holds no indicators"),
    ],
)
def test_a_file_that_says_nothing_or_is_not_read_is_refused_by_name(
    tmp_path: Path, name: str, text: str, reason: str
) -> None:
    city = write(tmp_path, GOOD)
    (city / "kpi" / name).write_text(text, encoding="utf-8")
    with pytest.raises(CityError, match=re.escape(reason)):
        read_folder(city)


def test_hidden_files_of_a_mounted_folder_are_none_of_the_framework(tmp_path: Path) -> None:
    city = write(tmp_path, GOOD)
    (city / "kpi/..data").mkdir()
    (city / "kpi/.gitkeep").touch()
    assert len(read_folder(city).indicators) == 1


@pytest.mark.parametrize(
    ("direction", "begin", "end", "is_refused"),
    [
        ("up", 18, 12, True),
        ("down", 12, 18, True),
        ("up", 12, 18, False),
        ("down", 18, 12, False),
        ("none", 18, 12, False),
        ("up", 12, 12, False),
    ],
)
def test_a_target_against_the_direction_is_refused_with_its_line(
    tmp_path: Path, direction: str, begin: int, end: int, *, is_refused: bool
) -> None:
    aims = f"    baseline: {{value: {begin}, at: 2026-01-01}}\n    target: {{value: {end}, at: 2027-01-01}}\n"
    city = write(tmp_path, GOOD.replace("direction: up", f"direction: {direction}") + aims)
    if not is_refused:
        assert read_folder(city)
        return
    with pytest.raises(CityError, match="target: is worse than the baseline") as caught:
        read_folder(city)
    assert caught.value.line == 16


GROUPED = "owner: o\n    groups: [a, b]\n    "


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (("    unit: u\n", "   unit: u\n"), 8, "expected <block end>"),
        (("    unit: u\n", "\tunit: u\n"), 8, "cannot start any token"),
        (("    unit: u\n", "    unit: u\n    unit: v\n"), 9, "unit is given twice"),
        (("direction: up", "direction: upward"), 9, "must be 'up', 'down' or 'none'"),
        (("version: 1", "version: yes"), 12, "version: must be a whole number"),
        (("owner: o", "owner: o\n    target: {value: 2}"), 15, "target.at: is missing"),
        (
            ("owner: o", "owner: o\n    target: {value: 2, at: 2027-02-30}"),
            15,
            "there is no 2027-02-30",
        ),
        (("owner: o", "owner: o\n    target: {value: .nan, at: 2027-02-28}"), 15, "finite number"),
        (("owner: o", "owner: o\n    minimum: .inf"), 15, "minimum: must be a finite number"),
        (("owner: o", "owner: o\n    publication: {fields: [zahl]}"), 15, "publication.fields.0"),
        (("owner: o", "owner: o\n    publication: {delay_days: -1}"), 15, "publication.delay_days"),
        (("owner: o", "owner: o\n    groups: &g [a, *g]"), 15, "refers to itself"),
        (("owner: o", "owner: o\n    groups: [a, a]"), 15, "groups: one is named twice"),
        (("owner: o", "owner: o\n    [a]: b"), 15, "a key must be a word"),
        (
            ("owner: o", GROUPED + "group_titles: {c: {de: C, en: C}}"),
            16,
            "c is none of the groups",
        ),
        (("owner: o", GROUPED + "parts: percent"), 16, "percent belongs to indicators in %"),
        (("owner: o", GROUPED + "parts: exhaustive"), 16, "belong to whole numbers and to surveys"),
        (("owner: o", GROUPED + "parts: some"), 16, "parts: must be"),
        (("owner: o", "owner: o\n    parts: of_count"), 15, "belongs to indicators with groups"),
        (("owner: o", GROUPED + "share_of: [a]"), 16, "share_of: belongs to parts: percent"),
    ],
)
def test_what_no_framework_can_mean_is_refused_at_its_line(
    tmp_path: Path, change: tuple[str, str], line: int, reason: str
) -> None:
    assert change[0] in GOOD
    with pytest.raises(CityError, match=re.escape(reason)) as caught:
        read_folder(write(tmp_path, GOOD.replace(*change, 1)))
    assert (caught.value.file.name, caught.value.line) == ("framework.yaml", line)


def test_a_file_of_another_encoding_is_refused_at_its_line(tmp_path: Path) -> None:
    city = write(tmp_path, GOOD)
    (city / "kpi/framework.yaml").write_bytes(
        GOOD.replace("method: m", "method: Zähler").encode("cp1252")
    )
    with pytest.raises(CityError, match="not UTF-8") as caught:
        read_folder(city)
    assert caught.value.line == 13


def test_indicator_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    block = GOOD[GOOD.index("  - indicator_id") :]
    with pytest.raises(CityError, match="x is given twice"):
        read_folder(write(tmp_path, GOOD + block))


@pytest.mark.parametrize(
    ("given", "good"),
    [
        ('{iso37120: "19.3", iso37122: "19.14.1"}', True),
        ('{u4ssc: "EC: ICT: T: 1C"}', True),
        ("{iso37120: '19'}", False),
        ("{u4ssc: mobility}", False),
        ("{din: '1'}", False),
    ],
)
def test_references_to_other_frameworks_have_their_form(
    tmp_path: Path, given: str, *, good: bool
) -> None:
    city = write(tmp_path, f"{GOOD}    references: {given}\n")
    if good:
        (found,) = read_folder(city).indicators
        assert all(found.model_dump()["references"].values())
    else:
        with pytest.raises(CityError, match="references") as caught:
            read_folder(city)
        assert caught.value.line == 15


def test_notes_on_references_belong_to_references(tmp_path: Path) -> None:
    note = "{fit: related, de: anders, en: other}"
    given = f"    references: {{iso37120: '19.3'}}\n    reference_notes: {{iso37120: {note}}}\n"
    (found,) = read_folder(write(tmp_path, GOOD + given)).indicators
    assert found.model_dump()["reference_notes"]["iso37120"]["fit"] == "related"
    (tmp_path / "kpi/framework.yaml").write_text(GOOD + given.replace("{iso37120: '19.3'}", "{}"))
    with pytest.raises(CityError, match="must be of references that are given"):
        read_folder(tmp_path)


def test_halle_reports_to_whom_its_strategy_names() -> None:
    read = read_folder(HALLE)
    assert {each.report_id: each.every.value for each in read.reports} == {
        "awwsd": "month",
        "beigeordnetenkonferenz": "two-months",
        "mpsc": "quarter",
        "kts": "half-year",
    }


REPORT = """reports:
  - report_id: r
    title: {de: R, en: R}
    recipient: {de: A, en: A}
    every: month
    version: 1
    mehrwerte: [a]
"""


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (("every: month", "every: fortnight"), 5, "every"),
        (("mehrwerte: [a]", "mehrwerte: [b]"), 7, "there is no Mehrwert b"),
        (("    every: month\n", ""), 2, "every"),
        (("version: 1", "version: 1\n    due_days: 400"), 7, "due_days"),
        (("reports:\n", "reports:\n" + REPORT.partition("\n")[2]), 8, "given twice"),
    ],
)
def test_a_broken_report_is_refused_with_file_line_and_reason(
    tmp_path: Path, change: tuple[str, str], line: int, reason: str
) -> None:
    write(tmp_path, GOOD)
    assert change[0] in REPORT
    (tmp_path / "kpi/reports.yaml").write_text(REPORT.replace(*change, 1))
    with pytest.raises(CityError, match=reason) as raised:
        read_folder(tmp_path)
    assert f"reports.yaml:{line}" in str(raised.value)


COMFORT = {**LOTS, "formula": "above", "view": "transit.v1_line_comfort", "time": "day"}
COARSE = {"fields": [], "least_period": "month", "decimals": 0}


@pytest.mark.parametrize(
    "publication",
    [
        None,
        {**COARSE, "least_period": "week"},
        {**COARSE, "least_period": None},
        {**COARSE, "decimals": 1},
        {**COARSE, "decimals": None},
        {**COARSE, "fields": ["parts"]},
    ],
)
def test_what_reads_passengers_is_public_by_the_month_or_refused(
    tmp_path: Path, publication: dict[str, object] | None
) -> None:
    fine = indicator("x", "above", publication=publication)
    with pytest.raises(CityError, match=r"framework\.yaml:\d+: .*tells single passengers"):
        read_folder(write_city(tmp_path, [COMFORT], [fine]))
    for allowed in ({**fine, "public": False}, {**fine, "publication": COARSE}):
        assert read_folder(write_city(tmp_path, [COMFORT], [allowed])).indicators


def test_an_indicator_shorter_than_its_least_public_period_is_refused(tmp_path: Path) -> None:
    daily = indicator("x", "lots", period="day", publication={"least_period": "month"})
    with pytest.raises(CityError, match="least_period is longer than the period"):
        read_folder(write_city(tmp_path, [LOTS], [daily]))


def test_production_takes_no_made_up_aims_and_nobody_yet_to_be_named(tmp_path: Path) -> None:
    aims = {"baseline": {"value": 1, "at": "2026-01-01", "demo": True},
            "target": {"value": 2, "at": "2027-01-01", "demo": False}}  # fmt: skip
    blank = indicator("x", "lots", owner="Zu benennen", **aims)
    city = write_city(tmp_path, [LOTS], [blank])
    assert check_city(city, production=False)
    with pytest.raises(CityError) as refused:
        check_city(city, production=True)
    told = str(refused.value)
    assert "baseline was made up for demonstration" in told
    assert "owner: the city has yet to name somebody" in told
    assert "target" not in told
    aims["baseline"]["demo"] = False
    city = write_city(tmp_path, [LOTS], [{**blank, "owner": "Stabsstelle", **aims}])
    assert check_city(city, production=True) == ["indicators: 1, formulas: 1, reports: 0"]
