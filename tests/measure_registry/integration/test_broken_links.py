# SPDX-License-Identifier: EUPL-1.2
"""Who follows a link that was cut or mistyped reads a page; programs read the document."""

from __future__ import annotations

import httpx
import pytest

PEOPLE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
CUT = [
    "/stand/abc.",
    "/entwurf/zzz",
    "/idee/idea-abc",
    "/nirgends",
    "/massnahme/%00",
]


@pytest.mark.parametrize("path", CUT)
async def test_a_link_that_leads_nowhere_is_told_as_a_page(
    http: httpx.AsyncClient, path: str
) -> None:
    page = await http.get(path, headers=PEOPLE)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "Vielleicht ist der Link unvollständig" in page.text


async def test_a_link_that_leads_nowhere_is_told_in_english_too(http: httpx.AsyncClient) -> None:
    page = await http.get("/stand/abc.?lang=en", headers=PEOPLE)
    assert (page.status_code, "Perhaps the link is incomplete" in page.text) == (404, True)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/liste?vor=-1", "in der Adresse bei „vor“"),
        ("/liste?q=%00", "in der Adresse bei „q“"),
        ("/karte?feld=%C3%A4&lang=en", "the address says at “feld”"),
    ],
)
async def test_what_is_wrong_behind_the_question_mark_is_named(
    http: httpx.AsyncClient, path: str, said: str
) -> None:
    page = await http.get(path, headers=PEOPLE)
    assert (page.status_code, page.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert said in page.text
    assert "Link unvollständig" not in page.text


@pytest.mark.parametrize("name", ["path", "language", "self"])
async def test_what_others_add_behind_the_question_mark_breaks_no_page(
    http: httpx.AsyncClient, name: str
) -> None:
    page = await http.get(f"/liste?{name}=x", headers=PEOPLE)
    assert (page.status_code, f'href="/liste?{name}=x&amp;lang=en"' in page.text) == (200, True)


async def test_programs_and_the_api_are_answered_with_documents(http: httpx.AsyncClient) -> None:
    for path, headers in (("/nirgends", {}), ("/v1/ideas/idea-abc", PEOPLE), ("/v1/nirgends", PEOPLE)):  # fmt: skip
        answer = await http.get(path, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json"
