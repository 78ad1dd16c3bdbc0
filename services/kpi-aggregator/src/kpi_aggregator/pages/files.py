# SPDX-License-Identifier: EUPL-1.2
"""`/erfassen/datei/{id}`: a file of values that was handed in, its lines, and deciding on all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Path, Query, Request, Response

from kpi_aggregator.api.acting import hand_of, role_of
from kpi_aggregator.api.filing import Verdict, decide_file, settle
from kpi_aggregator.api.proposals import ValueId
from kpi_aggregator.api.value_import import FileId
from kpi_aggregator.api.visible import visible
from kpi_aggregator.domain.causes import said_words
from kpi_aggregator.domain.four_eyes import is_own
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.pages.city import city_now
from kpi_aggregator.pages.frame import language_of, page
from kpi_aggregator.pages.lines import amount, by_group, conflict_words, counts_words, period_words
from kpi_aggregator.pages.rooms import ROOMS
from kpi_aggregator.pages.texts import Language, words_in
from kpi_aggregator.storage import value_files, values
from kpi_aggregator.storage.meanings import Meanings, meanings
from kpi_aggregator.storage.value_files import FiledLine
from kpi_aggregator.storage.values import StoredValue
from stadttakt_runtime.auth.authenticator import ScopeMissing, Unauthenticated
from stadttakt_runtime.auth.scopes import Scope
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.problem import Conflict, NotFound
from stadttakt_runtime.login.rooms import FormForged, Visit, form_of, sent_to, visit_of

router = APIRouter(include_in_schema=False)
PAGE = "/erfassen/datei/{file_id}"
LEAST_NOTE, LONGEST_NOTE = 3, 500
SAID = {
    "eingelesen": "file_handed_in",
    "entschieden": "entry_decided",
    "zurueckgezogen": "file_taken_back",
}
VERDICTS: Mapping[str, Verdict] = {
    "freigeben": "approved",
    "zurueckweisen": "rejected",
    "zurueckziehen": "withdrawn",
}
Verb = Annotated[Literal["freigeben", "zurueckweisen", "zurueckziehen"], Path()]
Said = Annotated[str, Query(alias="meldung", pattern="^(|eingelesen|entschieden|zurueckgezogen)$")]


class Word(NamedTuple):
    """What somebody says to a decision: why, and with a key in which function."""

    note: str
    role: str | None


@router.get(PAGE)
async def one_file(request: Request, file_id: FileId, meldung: Said = "") -> Response:
    """Show a file that was handed in, line by line."""
    visit = await visit_of(request)
    if visit is None:
        return sent_to(request, ROOMS.entrance)
    said = meldung and words_in(language_of(request))(SAID[meldung])
    return await _page(request, visit, file_id, said=said)


@router.post(PAGE + "/{verb}")
async def decide_all(request: Request, file_id: FileId, verb: Verb) -> Response:
    """Decide on all lines that wait, or on none where one of them is refused; who entered them withdraws them."""
    return await _decided(request, file_id, None, VERDICTS[verb])


@router.post(PAGE + "/{value_id}/{verb}")
async def decide_line(request: Request, file_id: FileId, value_id: ValueId, verb: Verb) -> Response:
    """Decide on one line of a file, or withdraw it."""
    return await _decided(request, file_id, value_id, VERDICTS[verb])


async def _decided(
    request: Request, file_id: int, value_id: int | None, verdict: Verdict
) -> Response:
    visit = await visit_of(request)
    if visit is None:
        raise Unauthenticated("the login is over: log in again")
    form = await form_of(request)
    if not visit.session.owns(form.get("form_token")):
        raise FormForged
    withdraws = verdict == "withdrawn"
    needed: Scope = "kpi:write" if withdraws else "kpi:approve"
    if not visit.principal.may(needed):
        raise ScopeMissing(needed)
    language = language_of(request)
    word = Word(form.get("note", "").strip(), form.get("role", "").strip() or None)
    missing = _missing(word, says_role=not withdraws and visit.principal.kind != "oidc")
    if missing:
        refused = words_in(language)(missing)
        return await _page(request, visit, file_id, status=422, refused=refused, word=word)
    try:
        await _decide(request, visit, file_id, value_id, verdict, word)
    except Conflict as conflict:
        refused = conflict_words(conflict.members, conflict.code, str(conflict), language)
        return await _page(request, visit, file_id, status=409, refused=refused, word=word)
    said = "zurueckgezogen" if withdraws else "entschieden"
    return sent_to(request, f"/erfassen/datei/{file_id}", meldung=said)


def _missing(word: Word, *, says_role: bool) -> str:
    """Return what is wrong with what somebody says, as a text's key; empty where nothing is."""
    texts = [word.note, word.role or ""] if says_role else [word.note]
    good = all(LEAST_NOTE <= len(text) <= LONGEST_NOTE and text.isprintable() for text in texts)
    return "" if good else "file_say_why" if len(texts) == 1 else "file_say_why_and_role"


async def _decide(
    request: Request,
    visit: Visit,
    file_id: int,
    value_id: int | None,
    verdict: Verdict,
    word: Word,
) -> None:
    # Who withdraws says no role: it is that in which the value was entered.
    hand = hand_of(visit.principal, word.role or "", "role")
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        if value_id is None:
            await decide_file(connection, file_id, verdict, hand, word.note)
            return
        filed = (await value_files.of_values(connection, [value_id])).get(value_id)
        found = await values.locked(connection, value_id)
        if filed is None or found is None or filed.file_id != file_id:
            raise NotFound(f"there is no value {value_id} in file {file_id}")
        await settle(connection, found, verdict, hand, word.note)


async def _page(  # noqa: PLR0913 (all by name)
    request: Request,
    visit: Visit,
    file_id: int,
    *,
    status: int = 200,
    said: str = "",
    refused: str = "",
    word: Word | None = None,
) -> Response:
    city, language = await city_now(request), language_of(request)
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await value_files.one(connection, file_id)
        if found is None:
            raise NotFound(f"there is no file {file_id}")
        lines = await value_files.lines_of(connection, file_id)
        known = {each.indicator_id: each for each in await visible(connection, sees_all=True)}
        holding = await values.holding(
            connection, list({each.value.indicator_id for each in lines})
        )
        meant = await meanings(connection)
    is_mine = is_own(found.author, hand_of(visit.principal, "", "role"))
    holds = {(each.indicator_id, each.period, each.period_start): each for each in holding}
    return page(
        request,
        "file.html",
        city=city.name,
        active="entry",
        staff=True,
        status=status,
        title=words_in(language)("file_named", name=found.name),
        said=said,
        refused=refused,
        word=word or Word("", None),
        file=found,
        counts=counts_words(found, language),
        rows=[_row(each, known, holds, meant, language) for each in lines],
        mine=is_mine,
        withdraws=is_mine and visit.principal.may("kpi:write"),
        decides=visit.principal.may("kpi:approve"),
        form_token=visit.session.form_token,
        role=role_of(visit.principal),
        is_person=visit.principal.kind == "oidc",
    )


def _row(
    filed: FiledLine,
    known: dict[str, Indicator],
    holds: dict[tuple[str, Any, Any], StoredValue],
    meant: Meanings,
    language: Language,
) -> dict[str, Any]:
    """Return a line as the table shows it: what it says, what holds until now, what became of it."""
    value = filed.value
    indicator = known.get(value.indicator_id)
    before = holds.get((value.indicator_id, value.period, value.period_start))
    is_other = before is not None and before.value_id != value.value_id
    today = indicator.unit if indicator else ""
    return {
        "line": filed.line,
        "value_id": value.value_id,
        "title": indicator.title[language] if indicator else value.indicator_id,
        "unit": meant.unit(value, today),
        "period": period_words(value.period, value.period_start, language),
        "value": amount(value.value, language),
        "before": f"{amount(before.value, language)} {meant.unit(before, today)}"
        if is_other and before
        else "",
        "parts": by_group(value.parts, indicator, language),
        "means": by_group(value.means, indicator, language),
        "stored": value,
        "cause": said_words(value.cause)[language],
    }
