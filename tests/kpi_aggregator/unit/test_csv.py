# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kpi_aggregator.csv_values import read_values
from kpi_aggregator.domain.framework import Source
from stadttakt_runtime.csv_import import FileRefusedError
from support.indicators import a_survey

TODAY = date(2026, 11, 26)
SURVEY = a_survey()
KNOWN = {"split": SURVEY, "count": replace(SURVEY, indicator_id="count", source=Source.CSV)}
HEADER = "indicator_id;period;period_start;value;source;source_date;group_size;parts"
LINE = "split;year;2025-01-01;58.5;Befragung;2026-01-15;215;rad=120|oepnv=95"


def test_parts_of_a_survey_come_with_their_line() -> None:
    (read,) = read_values(f"{HEADER}\n{LINE}".encode(), KNOWN, TODAY)
    assert (read.parts, read.group_size) == ({"rad": 120, "oepnv": 95}, 215)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ("rad", "invalid"),
        ("rad=-3", "invalid"),
        ("rad=1.5", "invalid"),
        ("rad=3|rad=4", "invalid"),
        ("auto=20|rad=195", "unknown_group"),
        ("rad=5|oepnv=210", "group_too_small"),
        ("rad=120|oepnv=90", "group_too_small"),
    ],
)
def test_broken_or_telling_parts_are_refused_with_their_line(parts: str, code: str) -> None:
    text = f"{HEADER}\n{LINE.replace('rad=120|oepnv=95', parts)}"
    with pytest.raises(FileRefusedError) as caught:
        read_values(text.encode(), KNOWN, TODAY)
    (error,) = caught.value.errors
    assert (error.line, error.column, error.code) == (2, "parts", code)


cells = st.sampled_from(["split", "count", "year", "2025-01-01", "58.5", "nan", "1e999", "rad=1"])
texts = st.text("a0-.=|;,\"'\n\r\t\x00²ß€", max_size=8)
lines = st.lists(st.lists(cells | texts, max_size=9).map(";".join), max_size=6)


@settings(deadline=None)
@given(st.binary(max_size=400) | lines.map(lambda rows: "\n".join([HEADER, *rows]).encode()))
@example(f"{HEADER}\nsplit;year;2025-01-01;²;q;2026-01-15;³;".encode())
def test_no_file_is_more_than_read_or_refused(content: bytes) -> None:
    try:
        found = read_values(content, KNOWN, TODAY)
    except FileRefusedError:
        return
    assert all(each.indicator_id in KNOWN for each in found)
