# SPDX-License-Identifier: EUPL-1.2
"""Values entered by staff: proposed by one, approved by another; nothing is overwritten."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, Field, StringConstraints

from kpi_aggregator.api.acting import hand_of
from kpi_aggregator.api.views import ProposalView, proposal_view
from kpi_aggregator.api.visible import IndicatorId, one_visible, today_of
from kpi_aggregator.domain.causes import FIRST_ENTRY
from kpi_aggregator.domain.fault import Fault
from kpi_aggregator.domain.four_eyes import Hand, is_own, refused
from kpi_aggregator.domain.framework import Indicator
from kpi_aggregator.domain.means import GroupMean, Means
from kpi_aggregator.domain.periods import Period
from kpi_aggregator.domain.values import FaultyError, Proposal, Told, faults, filled_in, untold
from kpi_aggregator.storage import events, framework, value_files, values
from kpi_aggregator.storage.values import Decision, State, StoredValue
from stadttakt_runtime.auth.dependencies import require
from stadttakt_runtime.auth.principal import Principal
from stadttakt_runtime.clock import utc_now
from stadttakt_runtime.database import Database
from stadttakt_runtime.http.idempotency import Idempotent, Once
from stadttakt_runtime.http.model import WriteModel
from stadttakt_runtime.http.paging import (
    HIGHEST_NUMBER,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
)
from stadttakt_runtime.http.problem import Conflict, NotFound, ValidationFailed

router = APIRouter(prefix="/v1", tags=["values"])

MOST_PERSONS = 100_000_000
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 1, 1)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters cannot be kept")
    return text


Said = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=500),
    AfterValidator(_printable),
]
Link = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00]{1,500}$")]
Day = Annotated[date, Field(ge=FIRST_DAY, lt=LAST_DAY)]
Group = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,80}$")]
Author = Annotated[Principal, require("kpi:write")]
Approver = Annotated[Principal, require("kpi:approve")]
ValueId = Annotated[int, Path(ge=1, le=HIGHEST_NUMBER)]


Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]


class GroupMeanBody(WriteModel):
    """What a group says on the mean, and how many persons of it were asked."""

    mean: Number
    persons: Annotated[int, Field(ge=1, le=MOST_PERSONS)]


class ValueBody(WriteModel):
    """A value with where it is from; a correction says its cause."""

    period: Period
    period_start: Day
    value: Number
    source: Said
    source_date: Day
    author_role: Annotated[
        Said | None, Field(description="needed with a key; of a person the login says it")
    ] = None
    cause: Said = FIRST_ENTRY
    parts: (
        Annotated[dict[Group, Annotated[int, Field(ge=0, le=MOST_PERSONS)]], Field(max_length=50)]
        | None
    ) = None
    means: (
        Annotated[
            dict[Group, GroupMeanBody],
            Field(max_length=50, description="of a survey's groups, such as grades by age"),
        ]
        | None
    ) = None
    group_size: Annotated[int, Field(ge=1, le=MOST_PERSONS)] | None = None
    evidence: Link | None = None
    untold: Annotated[
        bool,
        Field(
            description="of a correction by too few persons to be told: the numbers told before stay,"
            " and beside them stands that they were corrected"
        ),
    ] = False

    def proposal(self, indicator_id: str, role: str) -> Proposal:
        """Return it as a proposal for an indicator, by somebody in a role."""
        means: Means | None = None
        if self.means is not None:
            means = {group: GroupMean(**dict(each)) for group, each in self.means.items()}
        return Proposal(
            indicator_id=indicator_id,
            **{**self._fields(), "author_role": role, "means": means},
        )

    def _fields(self) -> dict[str, Any]:
        return {name: each for name, each in dict(self).items() if name != "untold"}


class DecisionBody(WriteModel):
    """Why a value is approved or rejected, and in which function."""

    note: Said
    role: Annotated[
        Said | None, Field(description="needed with a key; of a person the login says it")
    ] = None


class WithdrawalBody(WriteModel):
    """Why somebody takes back what they entered."""

    note: Said


class _Before(WriteModel):
    value_id: Annotated[int, Field(ge=0, le=HIGHEST_NUMBER)]


@router.post("/indicators/{indicator_id}/values", status_code=201, response_model=ProposalView)
async def propose_value(
    request: Request, once: Idempotent, author: Author, indicator_id: IndicatorId, body: ValueBody
) -> Response:
    """Enter a value, or correct one with a cause; it holds when somebody else has approved it."""
    return await propose(request, once, author, indicator_id, body)


async def propose(
    request: Request, once: Once, author: Principal, indicator_id: str, body: ValueBody
) -> Response:
    """Store a value that somebody enters, by the API or at a page."""
    hand = hand_of(author, body.author_role, "author_role")
    database: Database = request.app.state.database
    now = utc_now()
    async with database.transaction() as connection:
        known = await once.recall(connection)
        if known is not None:
            return known
        indicator = await one_visible(connection, indicator_id, sees_all=True)
        proposal = filled_in(indicator, body.proposal(indicator_id, hand.role))
        key = (indicator_id, proposal.period, proposal.period_start)
        told, today = await values.told_of(connection, *key), await today_of(connection)
        if body.untold:
            proposal = _untold(indicator, proposal, today, told)
        wrong = faults(indicator, proposal, today, told)
        if wrong:
            raise ValidationFailed([_told(each) for each in wrong])
        stored = await values.propose(
            connection, proposal, version=indicator.version, author=hand.principal, now=now
        )
        return await once.answer(connection, proposal_view(stored), 201)


def _untold(indicator: Indicator, proposal: Proposal, today: date, told: list[Told]) -> Proposal:
    try:
        return untold(indicator, proposal, today, told)
    except FaultyError as error:
        raise ValidationFailed([_told(each) for each in error.faults]) from error


def _told(fault: Fault) -> dict[str, str]:
    return {
        "in": "body",
        "field": fault.field,
        "detail": fault.detail,
        "code": fault.code,
        "of": fault.of,
    }


@router.get("/values", dependencies=[require("kpi:write")])
async def list_proposals(
    request: Request,
    *,
    state: State | None = None,
    indicator_id: Annotated[str | None, Query(max_length=80, pattern=r"^[a-z0-9-]+$")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ProposalView]:
    """List all values ever entered, the newest first: who, when, what became of them."""
    position = decode_cursor(cursor, _Before)
    before = position.value_id if position else HIGHEST_NUMBER
    database: Database = request.app.state.database
    async with database.connection() as connection:
        found = await values.newest(
            connection, state=state, indicator_id=indicator_id, before=before, limit=limit + 1
        )
        filed = await value_files.of_values(connection, [each.value_id for each in found])
    items = [proposal_view(each, filed.get(each.value_id)) for each in found[:limit]]
    last = encode_cursor(_Before(value_id=items[-1].value_id)) if len(found) > limit else None
    return Page(items=items, next_cursor=last)


@router.post("/values/{value_id}:approve")
async def approve_value(
    request: Request, approver: Approver, value_id: ValueId, body: DecisionBody
) -> ProposalView:
    """Let a value hold; 409 for who entered it, and where it was decided already.

    A key is no person: of keys the roles of author and approver must differ too.
    """
    return await decide(request, value_id, "approved", approver, body)


@router.post("/values/{value_id}:reject")
async def reject_value(
    request: Request, approver: Approver, value_id: ValueId, body: DecisionBody
) -> ProposalView:
    """Refuse a value; it stays in the list with the reason."""
    return await decide(request, value_id, "rejected", approver, body)


@router.post("/values/{value_id}:withdraw")
async def withdraw_value(
    request: Request, author: Author, value_id: ValueId, body: WithdrawalBody
) -> ProposalView:
    """Take back an own value that waits; 409 for others, and where it was decided already.

    It stays in the list, rejected and `withdrawn`, with the reason.
    """
    return await withdraw(request, value_id, author, body)


async def withdraw(
    request: Request, value_id: int, author: Principal, body: WithdrawalBody
) -> ProposalView:
    """Store that somebody takes back what they entered, by the API or at a page."""
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        found: Any = await values.locked(connection, value_id)
        if found is None:
            raise NotFound(f"there is no value {value_id}")
        hand = hand_of(author, found.author_role, "role")
        stored = await withdraw_one(connection, found, hand, body.note)
        filed = await value_files.of_values(connection, [value_id])
    return proposal_view(stored, filed.get(value_id))


async def withdraw_one(connection: Any, found: StoredValue, hand: Hand, note: str) -> StoredValue:
    """Store that who entered a value, which is locked, takes it back.

    Raises Conflict where it is decided already, or somebody else entered it.
    """
    if found.state != "pending":
        raise Conflict(f"value {found.value_id} is {found.state} already", why="decided_already")
    if not is_own(found.author, hand):
        raise Conflict("only who entered a value withdraws it", why="not_own")
    decision = Decision("rejected", found.author, utc_now(), note, found.author_role)
    return await values.decide(connection, found.value_id, decision)


async def decide(
    request: Request,
    value_id: int,
    state: Literal["approved", "rejected"],
    approver: Principal,
    body: DecisionBody,
) -> ProposalView:
    """Store what somebody decided on a value, by the API or at a page.

    What has a fault by now is not approved: others may have been told of its period meanwhile.
    """
    hand = hand_of(approver, body.role, "role")
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        found: Any = await values.locked(connection, value_id)
        if found is None:
            raise NotFound(f"there is no value {value_id}")
        stored = await decide_one(connection, found, state, hand, body.note)
        filed = await value_files.of_values(connection, [value_id])
    return proposal_view(stored, filed.get(value_id))


async def decide_one(
    connection: Any,
    found: StoredValue,
    state: Literal["approved", "rejected"],
    hand: Hand,
    note: str,
) -> StoredValue:
    """Store a decision on a value that is locked.

    Raises Conflict where it is decided already, or this hand may not, or what is approved has a fault
    or was entered under another version of the indicator.
    """
    if found.state != "pending":
        raise Conflict(f"value {found.value_id} is {found.state} already", why="decided_already")
    refusal = refused(Hand(found.author, found.author_role), hand)
    if refusal is not None:
        raise Conflict(refusal, why="four_eyes")
    indicator = await framework.indicator(connection, found.indicator_id)
    if state == "approved" and indicator is not None:
        _refuse_other_version(indicator, found)
        await _refuse_faults(connection, indicator, found)
    decision = Decision(state, hand.principal, utc_now(), note, hand.role)
    stored = await values.decide(connection, found.value_id, decision)
    if state == "approved" and indicator is not None:
        await events.of_entered(connection, indicator, stored)
    return stored


def _refuse_other_version(indicator: Indicator, found: StoredValue) -> None:
    """Raise Conflict where a value was entered when the indicator meant something else."""
    if found.indicator_version != indicator.version:
        raise Conflict(
            f"value {found.value_id} was entered under version {found.indicator_version} of the"
            f" indicator, now {indicator.version} holds: reject it and enter it anew",
            why="other_version",
        )


async def _refuse_faults(connection: Any, indicator: Indicator, found: StoredValue) -> None:
    key = (found.indicator_id, found.period, found.period_start)
    told = await values.told_of(connection, *key)
    wrong = faults(indicator, values.proposal_of(found), await today_of(connection), told)
    if wrong:
        fault = wrong[0]
        raise Conflict(
            f"{fault.field} {fault.detail}", code=fault.code, field=fault.field, of=fault.of
        )
