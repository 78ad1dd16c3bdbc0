# SPDX-License-Identifier: EUPL-1.2
"""The view tells the parts that pages tell, and no small part can be told from the sum."""

from __future__ import annotations

import itertools
from typing import Any

import orjson
import psycopg
import pytest

from kpi_aggregator.domain.publication import Field, Publication
from support.indicators import libpq

SIZES = (0, 1, 2, 3, 4, 5, 7, 50)
RESTS = (None, 0, 1, 3, 4, 6, 60)
ASKED = """
select number, kpi.told_parts(parts, policy, total)
  from jsonb_to_recordset(%s::jsonb)
    as given (number integer, parts jsonb, policy jsonb, total double precision)
 order by number
"""


def asked(least: int) -> list[dict[str, Any]]:
    return [
        {
            "parts": dict(zip("abc", sizes, strict=True)),
            "policy": {"fields": ["parts"], "least_count": least},
            "total": None if rest is None else sum(sizes) + rest,
        }
        for sizes in itertools.product(SIZES, repeat=3)
        for rest in RESTS
    ]


@pytest.mark.parametrize("least", [1, 2, 5, 8])
def test_the_database_leaves_out_what_the_service_leaves_out(
    shared_database_url: str, least: int
) -> None:
    cases = [{**each, "number": number} for number, each in enumerate(asked(least))]
    with psycopg.connect(libpq(shared_database_url)) as connection:
        found = dict(connection.execute(ASKED, (orjson.dumps(cases).decode(),)).fetchall())
    policy = Publication(fields=(Field.PARTS,), least_count=least)
    told = {each["number"]: policy.parts(each["parts"], each["total"]) for each in cases}
    assert {each["number"] for each in cases if found[each["number"]] != told[each["number"]]} == (
        set()
    )


@pytest.mark.parametrize(
    ("parts", "policy", "told"),
    [
        (None, {"least_count": 5}, None),
        ({}, {"least_count": 5}, {}),
        ({"a": 50}, {"fields": ["source"]}, None),
        ({"a": 1, "b": 1, "c": 50, "d": 60}, None, {"a": 1, "b": 1, "c": 50, "d": 60}),
        ({"a": 1, "b": 1, "c": 50, "d": 60}, {"least_count": 5}, {"d": 60}),
    ],
)
def test_parts_are_told_by_the_policy(
    shared_database_url: str, parts: Any, policy: Any, told: Any
) -> None:
    with psycopg.connect(libpq(shared_database_url)) as connection:
        given = [None if each is None else orjson.dumps(each).decode() for each in (parts, policy)]
        row = connection.execute(
            "select kpi.told_parts(%s::jsonb, %s::jsonb, null)", given
        ).fetchone()
    assert row == (told,)
