# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measure_registry.domain.combining import may_be_merged
from measure_registry.domain.criteria import (
    Catalogue,
    Criterion,
    Rating,
    Verdict,
    Vote,
    judge,
    priority,
)
from measure_registry.domain.intake import Call, open_calls
from measure_registry.domain.roles import INCLUDED, Role
from measure_registry.domain.steckbrief import (
    Place,
    Steckbrief,
    Term,
    Vocabulary,
    differences,
    faults,
)
from measure_registry.domain.workflow import (
    ForbiddenMoveError,
    Need,
    State,
    Transition,
    Workflow,
    move,
)
from measure_registry.domain.workflow import faults as workflow_faults

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
NAME = {"de": "x", "en": "x"}


def criterion(criterion_id: str, *, required: bool = True, since: int = 1) -> Criterion:
    return Criterion(criterion_id, "g", NAME, NAME, required, criterion_id == "relevanz", since)


CATALOGUE = Catalogue(
    1,
    NAME,
    (),
    (
        criterion("nutzen"),
        criterion("offen", required=False),
        criterion("relevanz", required=False),
    ),
)


def vote(criterion_id: str, rating: str, rater: str = "anna", version: int = 1) -> Vote:
    return Vote(criterion_id, rater, Rating(rating), "", version, NOW)


def votes(nutzen: str, offen: str, relevanz: str) -> list[Vote]:
    return [vote("nutzen", nutzen), vote("offen", offen), vote("relevanz", relevanz)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("erfuellt", "erfuellt", "erfuellt"), "A"),
        (("erfuellt", "erfuellt", "nicht_erfuellt"), "B"),
        (("erfuellt", "nicht_erfuellt", "erfuellt"), "B"),
        (("nicht_erfuellt", "erfuellt", "erfuellt"), "C"),
        (("erfuellt", "offen", "erfuellt"), None),
    ],
)
def test_priority_follows_the_rule_of_the_strategy(
    said: tuple[str, str, str], expected: str | None
) -> None:
    assert priority(judge(CATALOGUE, votes(*said))) == expected


def test_two_raters_who_contradict_each_other_make_a_dispute_and_no_priority() -> None:
    said = [*votes("erfuellt", "erfuellt", "erfuellt"), vote("nutzen", "nicht_erfuellt", "berta")]
    judged = judge(CATALOGUE, said)
    assert judged[0].verdict is Verdict.DISPUTED
    assert priority(judged) is None
    settled = [*said[:3], vote("nutzen", "erfuellt", "berta")]
    assert priority(judge(CATALOGUE, settled)) == "A"


def test_who_leaves_a_criterion_open_contradicts_nobody() -> None:
    said = [*votes("erfuellt", "erfuellt", "erfuellt"), vote("nutzen", "offen", "berta")]
    assert priority(judge(CATALOGUE, said)) == "A"


def test_a_vote_on_an_earlier_wording_counts_no_more() -> None:
    reworded = replace(
        CATALOGUE, version=2, criteria=(criterion("nutzen", since=2), *CATALOGUE.criteria[1:])
    )
    judged = judge(reworded, votes("erfuellt", "erfuellt", "erfuellt"))
    assert [each.verdict for each in judged] == [
        Verdict.OPEN,
        Verdict.FULFILLED,
        Verdict.FULFILLED,
    ]
    assert [each.rater for each in judged[0].outdated] == ["anna"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["nutzen", "offen", "relevanz"]),
            st.sampled_from(["anna", "berta"]),
            st.sampled_from(list(Rating)),
        )
    )
)
def test_the_order_of_votes_changes_nothing(given_votes: list[tuple[str, str, Rating]]) -> None:
    latest = {
        (criterion_id, rater): vote(criterion_id, rating, rater)
        for criterion_id, rater, rating in given_votes
    }
    forward, backward = list(latest.values()), list(latest.values())[::-1]
    assert priority(judge(CATALOGUE, forward)) == priority(judge(CATALOGUE, backward))


WORKFLOW = Workflow(
    (
        State("neu", NAME, initial=True),
        State("gelesen", NAME),
        State("fertig", NAME, final=True),
    ),
    (
        Transition("neu", "gelesen", (Role.EDITOR, Role.COORDINATOR)),
        Transition("gelesen", "fertig", (Role.COORDINATOR,), (Need.RATED,)),
    ),
)


def test_a_move_that_is_not_declared_names_those_that_are() -> None:
    with pytest.raises(ForbiddenMoveError) as refused:
        move(WORKFLOW, "neu", "fertig", roles={Role.COORDINATOR}, fulfilled={Need.RATED})
    assert refused.value.allowed == ["gelesen"]


def test_a_role_that_may_not_move_is_told_what_it_may() -> None:
    with pytest.raises(ForbiddenMoveError) as refused:
        move(WORKFLOW, "gelesen", "fertig", roles=INCLUDED[Role.EDITOR], fulfilled={Need.RATED})
    assert refused.value.allowed == []


def test_what_a_move_needs_must_hold_before() -> None:
    with pytest.raises(ForbiddenMoveError, match="needs first: rated"):
        move(WORKFLOW, "gelesen", "fertig", roles={Role.COORDINATOR}, fulfilled=set())


@pytest.mark.parametrize(
    ("workflow", "fault"),
    [
        (replace(WORKFLOW, states=WORKFLOW.states[1:]), "must be initial"),
        (replace(WORKFLOW, transitions=WORKFLOW.transitions[:1]), "fertig is never reached"),
        (
            replace(WORKFLOW, states=(*WORKFLOW.states, State("lose", NAME))),
            "lose is never reached",
        ),
        (
            replace(
                WORKFLOW,
                transitions=(*WORKFLOW.transitions, Transition("neu", "weg", (Role.EDITOR,))),
            ),
            "there is no state weg",
        ),
    ],
)
def test_a_broken_workflow_says_what_is_wrong(workflow: Workflow, fault: str) -> None:
    assert any(fault in each for each in workflow_faults(workflow))


def test_the_workflow_of_these_tests_is_whole() -> None:
    assert list(workflow_faults(WORKFLOW)) == []


TAKING = replace(
    WORKFLOW,
    states=(*WORKFLOW.states, State("teil", NAME)),
    transitions=(
        *WORKFLOW.transitions,
        Transition("gelesen", "teil", (Role.COORDINATOR,), (Need.MEASURE,)),
        Transition("teil", "neu", (Role.COORDINATOR,)),
    ),
)


@pytest.mark.parametrize(
    ("workflow", "state", "into"),
    [
        (TAKING, "teil", {"teil"}),
        (TAKING, "gelesen", {"gelesen", "teil"}),
        (TAKING, "neu", {"gelesen", "teil"}),
        (WORKFLOW, "neu", {"neu", "gelesen", "fertig"}),
    ],
)
def test_what_measures_took_up_goes_on_where_they_could_take_it_up_as_part_of_one_in_parts_alone(
    workflow: Workflow, state: str, into: set[str]
) -> None:
    names = [each.state for each in workflow.states]
    allowed = {each for each in names if may_be_merged(workflow, state, each, is_taken_up=True)}
    assert allowed == into
    assert all(may_be_merged(workflow, state, each, is_taken_up=False) for each in names)


BRIEF = Steckbrief("Titel", "Worum es geht", "bildung")
TERM = (Term("bildung", NAME), Term("mobilitaet", NAME))
VOCABULARY = Vocabulary(TERM, TERM, TERM, TERM, TERM)


@pytest.mark.parametrize(
    ("brief", "field"),
    [
        (replace(BRIEF, handlungsfeld="sport"), "handlungsfeld"),
        (replace(BRIEF, further_fields=("bildung",)), "further_fields"),
        (replace(BRIEF, mehrwerte=("bildung", "bildung")), "mehrwerte"),
        (replace(BRIEF, place=Place(lat=51.0)), "place"),
        (replace(BRIEF, submitter_kind="niemand"), "submitter_kind"),
    ],
)
def test_words_that_a_city_does_not_have_are_refused(brief: Steckbrief, field: str) -> None:
    assert [each.field for each in faults(brief, VOCABULARY)] == [field]


def test_differences_name_what_was_before_and_after() -> None:
    assert differences(BRIEF, replace(BRIEF, goal="neu")) == {
        "goal": {"before": "", "after": "neu"}
    }
    assert differences(BRIEF, BRIEF) == {}


def test_both_days_of_a_call_belong_to_it() -> None:
    call = Call("a", NAME, NAME, date(2026, 1, 1), date(2026, 1, 3))
    days = [date(2025, 12, 31) + timedelta(days=n) for n in range(5)]
    assert [bool(open_calls([call], day)) for day in days] == [False, True, True, True, False]
