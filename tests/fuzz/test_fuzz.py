# SPDX-License-Identifier: EUPL-1.2
"""Nothing that a client sends makes a service fail, and every answer is as documented.

Requests are derived from the OpenAPI documents, right and wrong ones, the same at every run; `make fuzz PARSER=http` is the
long form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from fuzz.answering import Target
from fuzz.asking import CHECKS, OPENAPI, UNANSWERED, ask, load
from fuzz.running import Place
from fuzz.serving import SERVICES, serving
from fuzz.unlisted import ask_unlisted, unlisted, wrong
from stadttakt_runtime import plugins
from support.stack import Stack

EXAMPLES, FORMS = 6, 4
APPS = plugins.load(plugins.APPS)
WRITTEN = ("kpi-aggregator", "measure-registry", "open-data-publisher", "vehicle-occupancy")

fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
Test = TypeVar("Test", bound=Callable[..., None])


def each_operation(document: Any) -> Callable[[Test], Test]:
    """Return what makes a test of a document's operations out of one; schemathesis tells no types of it."""
    parametrized: Callable[[Test], Test] = document.parametrize()
    return parametrized


DECODER, PARKING = load("uplink-decoder", EXAMPLES), load("parking-occupancy", EXAMPLES)
TRANSIT, KPI = load("vehicle-occupancy", EXAMPLES), load("kpi-aggregator", EXAMPLES)
OPENDATA, REGISTRY = load("open-data-publisher", EXAMPLES), load("measure-registry", EXAMPLES)


def runs(service: str) -> Any:
    """Return a fixture: the service, while the module's tests run."""

    @pytest.fixture(scope="module")
    def running(
        stack: Stack, migrated: str, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Target]:
        with serving(service, Place(stack, migrated, tmp_path_factory.mktemp(service))) as running:
            yield running

    return running


decoder, parking = runs("uplink-decoder"), runs("parking-occupancy")
transit, kpi = runs("vehicle-occupancy"), runs("kpi-aggregator")
opendata, registry = runs("open-data-publisher"), runs("measure-registry")


@each_operation(DECODER)
@fuzzed
def test_decoder_answers_everything_as_documented(case: Any, decoder: Target) -> None:
    ask(case, decoder)


@each_operation(PARKING)
@fuzzed
def test_parking_answers_everything_as_documented(case: Any, parking: Target) -> None:
    ask(case, parking)


@each_operation(TRANSIT)
@fuzzed
def test_transit_answers_everything_as_documented(case: Any, transit: Target) -> None:
    ask(case, transit)


@each_operation(KPI)
@fuzzed
def test_indicators_answer_everything_as_documented(case: Any, kpi: Target) -> None:
    ask(case, kpi)


@each_operation(OPENDATA)
@fuzzed
def test_publisher_answers_everything_as_documented(case: Any, opendata: Target) -> None:
    ask(case, opendata)


@each_operation(REGISTRY)
@fuzzed
def test_registry_answers_everything_as_documented(case: Any, registry: Target) -> None:
    ask(case, registry)


@pytest.mark.parametrize("service", WRITTEN)
def test_no_form_that_no_page_sends_makes_a_service_fail(
    service: str, request: pytest.FixtureRequest
) -> None:
    running = request.getfixturevalue(FIXTURES[service])
    answers = list(ask_unlisted(APPS[service](), running, FORMS))
    assert answers
    assert wrong(answers) == []


def test_every_service_that_has_such_forms_is_asked() -> None:
    assert {name for name, create in APPS.items() if unlisted(create())} == set(WRITTEN)


FIXTURES = {
    "uplink-decoder": "decoder",
    "parking-occupancy": "parking",
    "vehicle-occupancy": "transit",
    "kpi-aggregator": "kpi",
    "open-data-publisher": "opendata",
    "measure-registry": "registry",
}


def test_every_document_is_fuzzed() -> None:
    assert {path.stem for path in OPENAPI.glob("*.json")} == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_what_asks_for_a_key_is_closed_without_one_whatever_else_is_sent(
    service: str, request: pytest.FixtureRequest
) -> None:
    running = request.getfixturevalue(FIXTURES[service])
    answers: dict[str, tuple[int, bool]] = {}
    for result in load(service).get_all_operations():
        operation = result.ok()
        if {} in operation.definition.raw.get("security", [{}]):
            continue
        case = operation.Case(
            path_parameters=running.examples[operation.label][0].path,
            body={"no": "matter"},
            media_type="application/json",
        )
        answer = case.call(base_url=running.url, timeout=30)
        case.validate_response(answer, checks=CHECKS)
        answers[operation.label] = (answer.status_code, "www-authenticate" in answer.headers)
    assert answers
    assert {label: told for label, told in answers.items() if told != (401, True)} == {}


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_has_answered_well_but_for_those_that_are_told_with_a_reason(
    service: str, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    running: Target = request.getfixturevalue(FIXTURES[service])
    labels = {each.ok().label for each in load(service, whole=True).get_all_operations()}
    record_property("told", f"{service}: {running.answers.told(labels)} operations answered 2xx")
    assert labels - running.answers.well == labels & UNANSWERED.keys()


def test_operations_that_are_told_not_to_answer_well_are_there() -> None:
    there = {
        each.ok().label
        for service in SERVICES
        for each in load(service, whole=True).get_all_operations()
    }
    assert UNANSWERED.keys() <= there
    assert all(UNANSWERED.values())
