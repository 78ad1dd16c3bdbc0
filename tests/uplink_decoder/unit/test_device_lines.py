# SPDX-License-Identifier: EUPL-1.2
"""Devices as CSV: every error by line and column, and what is written reads back the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplink_decoder.domain.readings import Asset
from uplink_decoder.domain.registration import KEEP
from uplink_decoder.registry.lines import COLUMNS, read_lines, write_lines

EUI = "0200000000000001"


def one(text: str) -> Any:
    (found,), errors = read_lines(text)
    assert errors == []
    return found.line


def test_line_is_read_with_all_its_columns() -> None:
    line = one(
        "dev_eui,name,codec_id,asset_kind,asset_id,observes,expected_interval_s,lat,lon,maker,"
        "model,description,codec_variables,tags,retired\r\n"
        "0200AABB00000001, bay 7 ,bosch-tps110,bay,lot-07,,3600,51.48,11.97,Bosch,TPS110,"
        '"north, side",k=1,a=b; c = d ,\r\n'
    )
    assert (line.dev_eui, line.name, line.description) == (
        "0200aabb00000001",
        "bay 7",
        "north, side",
    )
    assert line.asset() == Asset("bay", "lot-07")
    assert line.tags == {"a": "b", "c": "d"}
    assert (line.lat, line.expected_interval_s, line.retired) == (51.48, 3600, False)


def test_column_that_is_not_there_leaves_alone_what_is() -> None:
    wish = one(f"dev_eui,name\n{EUI},x\n").wish()
    assert wish.asset is KEEP
    assert wish.fields == {"name": "x"}
    emptied = one(f"dev_eui,name,asset_kind,asset_id,tags\n{EUI},x,,,\n").wish()
    assert (emptied.asset, emptied.fields) == (None, {"name": "x", "tags": {}})


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("", [(1, "dev_eui", "missing_column"), (1, "name", "missing_column")]),
        ("dev_eui,name,colour\n", [(1, "colour", "unknown_column")]),
        ("dev_eui,name,name\n", [(1, "name", "repeated_column")]),
        ("dev_eui,name,lat\n", [(1, "lon", "missing_column")]),
        ("dev_eui,name,asset_kind\n", [(1, "asset_id", "missing_column")]),
        (f"dev_eui,name\n{EUI}\n", [(2, None, "too_few_cells")]),
        (f"dev_eui,name\n{EUI},a,b\n", [(2, None, "too_many_cells")]),
        (f"dev_eui,name\n{EUI},a\n{EUI},b\n", [(3, "dev_eui", "repeated_device")]),
        ("dev_eui,name\nxyz,\n", [(2, "dev_eui", "string_pattern_mismatch"),
                                  (2, "name", "string_too_short")]),
        (f"dev_eui,name,tags\n{EUI},a,b\n", [(2, "tags", "value_error")]),
        (f"dev_eui,name,tags\n{EUI},a,b=1;b=2\n", [(2, "tags", "value_error")]),
        (f"dev_eui,name,retired\n{EUI},a,perhaps\n", [(2, "retired", "value_error")]),
        (f"dev_eui,name,lat,lon\n{EUI},a,51,\n", [(2, None, "value_error")]),
        (f"dev_eui,name,lat,lon\n{EUI},a,nan,1\n", [(2, "lat", "finite_number")]),
        (f"dev_eui,name,asset_kind,asset_id\n{EUI},a,bay,\n", [(2, None, "value_error")]),
        (f"dev_eui,name,asset_kind,asset_id\n{EUI},a,bay,a/b\n", [(2, None, "value_error")]),
        (f"dev_eui,name,expected_interval_s\n{EUI},a,1.5\n",
         [(2, "expected_interval_s", "int_parsing")]),
        (f'dev_eui,name\n{EUI},"a"b\n', [(2, None, "invalid_csv")]),
    ],
)  # fmt: skip
def test_every_error_names_line_column_and_kind(
    text: str, errors: list[tuple[int, str | None, str]]
) -> None:
    found = [(each.line, each.column, each.code) for each in read_lines(text)[1]]
    assert found == errors


def test_line_number_is_that_of_the_file_where_a_cell_holds_a_line_feed() -> None:
    text = f'dev_eui,name,description\n{EUI},a,"two\nlines"\nxyz,b,\n'
    assert [(each.line, each.column) for each in read_lines(text)[1]] == [
        (3, "description"),
        (4, "dev_eui"),
    ]


WORDS = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\x85\u2028\u2029"),
    max_size=20,
).map(str.strip)
PAIRS = st.dictionaries(
    WORDS.filter(lambda each: each and not set(each) & set("=;")),
    WORDS.filter(lambda each: ";" not in each),
    max_size=3,
)


@given(
    name=WORDS.filter(bool),
    tags=PAIRS,
    variables=PAIRS,
    description=WORDS,
    lat=st.none() | st.floats(-90, 90),
    asset=st.none() | st.sampled_from([("bay", "b:1"), ("lot_gate", "lot/gate")]),
)
def test_what_is_written_reads_back_the_same(
    name: str,
    tags: dict[str, str],
    variables: dict[str, str],
    description: str,
    lat: float | None,
    asset: tuple[str, str] | None,
) -> None:
    kind, asset_id = asset or (None, None)
    row: dict[str, Any] = {
        "dev_eui": EUI,
        "name": name,
        "codec_id": None,
        "asset_kind": kind,
        "asset_id": asset_id,
        "observes": None,
        "expected_interval_s": None,
        "lat": lat,
        "lon": None if lat is None else -lat,
        "maker": "",
        "model": "",
        "description": description,
        "codec_variables": variables,
        "tags": tags,
        "retired_at": None,
    }
    line = one(write_lines([row], header=True))
    read = {column: getattr(line, column) for column in COLUMNS if column != "retired"}
    assert read == {name: value for name, value in row.items() if name != "retired_at"}


def test_what_a_pattern_asks_for_is_told_in_words() -> None:
    _, errors = read_lines(f"dev_eui,name,tags\nxyz,a\x07b,c=d\n{EUI},a,c\x07=d\n")
    assert [each.detail for each in errors] == [
        "must be 16 hexadecimal digits, or tts/<application>/<device>",
        "must not have control characters",
        "must be key=value;key=value, without control characters",
    ]
