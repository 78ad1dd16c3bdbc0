"""Nothing that a client sends makes a service fail, and every answer is as documented.

Requests are derived from the OpenAPI documents, right and wrong ones, the same at every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fuzz.running import Target, apply_city, database, target
from support.stack import Stack

OPENAPI = Path(__file__).parents[2] / "schemas/openapi"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SECRET = "secret-of-every-webhook"
ENDLESS = r"/stream$"
"""Server-sent events do not end; they have tests of their own."""
EXAMPLES = 6
KNOWN = {
    "dev_eui": "0200484c00010001",
    "asset_id": "market-square",
    "codec_id": "bosch-tps110",
    "lot_id": "friedemann-bach-platz",
    "bay_id": "friedemann-bach-platz-01",
    "sign_id": "friedemann-bach-platz",
    "vehicle_id": "tram-601",
    "indicator_id": "vernetzungsformate",
}
"""Things that are there: invented ids would find nothing and test little."""

fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def load(service: str) -> Any:
    generation = GenerationConfig(deterministic=True, max_examples=EXAMPLES)
    project = ProjectConfig(generation=generation)
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    schema = schemathesis.openapi.from_path(OPENAPI / f"{service}.json", config=config)
    return schema.exclude(path_regex=ENDLESS)


DECODER, PARKING = load("uplink-decoder"), load("parking-occupancy")
TRANSIT, KPI = load("vehicle-occupancy"), load("kpi-aggregator")


@pytest.fixture(scope="module")
def decoder(stack: Stack, migrated: str) -> Iterator[Target]:
    names = ("STADTTAKT_UPLINK_WEBHOOK_SECRET_STADTWERKE", "STADTTAKT_UPLINK_WEBHOOK_SECRET_TTS")
    secrets = dict.fromkeys(names, SECRET)
    with database(stack, migrated, "fuzz_decoder") as url:
        apply_city(url)
        with target("uplink_decoder", url, stack.mosquitto.url, **secrets) as running:
            yield running


@pytest.fixture(scope="module")
def parking(stack: Stack, migrated: str) -> Iterator[Target]:
    with database(stack, migrated, "fuzz_parking") as url:
        apply_city(url)
        with target("parking_occupancy", url, stack.mosquitto.url) as running:
            yield running


@pytest.fixture(scope="module")
def transit(stack: Stack, migrated: str) -> Iterator[Target]:
    with database(stack, migrated, "fuzz_transit") as url:
        apply_city(url)
        with target("vehicle_occupancy", url, stack.mosquitto.url) as running:
            yield running


@pytest.fixture(scope="module")
def kpi(stack: Stack, migrated: str) -> Iterator[Target]:
    with database(stack, migrated, "fuzz_kpi") as url:
        apply_city(url)
        with target("kpi_aggregator", url, stack.mosquitto.url) as running:
            yield running


_turn = count()


def ask(case: Any, running: Target, headers: dict[str, str]) -> None:
    if next(_turn) % 2:
        # Every other request is about something that is there.
        case.path_parameters = {**(case.path_parameters or {}), **known(case)}
    answer = case.call(base_url=running.url, headers=headers, timeout=30)
    case.validate_response(answer, checks=CHECKS)


def known(case: Any) -> dict[str, str]:
    return {name: KNOWN[name] for name in case.path_parameters or {} if name in KNOWN}


@DECODER.parametrize()
@fuzzed
def test_decoder_answers_everything_as_documented(case: Any, decoder: Target) -> None:
    ask(case, decoder, {**decoder.headers, "x-stadttakt-secret": SECRET})


@PARKING.parametrize()
@fuzzed
def test_parking_answers_everything_as_documented(case: Any, parking: Target) -> None:
    ask(case, parking, parking.headers)


@TRANSIT.parametrize()
@fuzzed
def test_transit_answers_everything_as_documented(case: Any, transit: Target) -> None:
    ask(case, transit, transit.headers)


@KPI.parametrize()
@fuzzed
def test_indicators_answer_everything_as_documented(case: Any, kpi: Target) -> None:
    ask(case, kpi, kpi.headers)


SERVICES = {
    "uplink-decoder": "decoder",
    "parking-occupancy": "parking",
    "vehicle-occupancy": "transit",
}


@pytest.mark.parametrize("service", SERVICES)
def test_what_asks_for_a_key_is_closed_without_one_whatever_else_is_sent(
    service: str, request: pytest.FixtureRequest
) -> None:
    running = request.getfixturevalue(SERVICES[service])
    answers: dict[str, tuple[int, bool]] = {}
    for result in load(service).get_all_operations():
        operation = result.ok()
        if {} in operation.definition.raw.get("security", [{}]):
            continue
        names = [each.name for each in operation.path_parameters]
        case = operation.Case(
            path_parameters={name: KNOWN.get(name, "1") for name in names},
            body={"no": "matter"},
            media_type="application/json",
        )
        answer = case.call(base_url=running.url, timeout=30)
        case.validate_response(answer, checks=CHECKS)
        answers[operation.label] = (answer.status_code, "www-authenticate" in answer.headers)
    assert answers
    assert {label: told for label, told in answers.items() if told != (401, True)} == {}
