# SPDX-License-Identifier: EUPL-1.2
"""Nothing that a client sends makes a service fail, and every answer is as documented.

Requests are derived from the OpenAPI documents, right and wrong ones, the same at every run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
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
from measure_registry.sealing import new_key
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
ELSEWHERE = r"/stream$|/attachments$"
"""Server-sent events do not end, attachments are no JSON; they have tests of their own."""
EXAMPLES = 6
KNOWN = {
    "dev_eui": "0200484c00010001",
    "asset_id": "market-square",
    "codec_id": "bosch-tps110",
    "lot_id": "friedemann-bach-platz",
    "bay_id": "friedemann-bach-platz-01",
    "sign_id": "friedemann-bach-platz",
    "vehicle_id": "tram-601",
    "indicator_id": "digitale-instrumente",
    "measure_id": "smart-field",
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
    return schema.exclude(path_regex=ELSEWHERE)


DECODER, PARKING = load("uplink-decoder"), load("parking-occupancy")
TRANSIT, KPI = load("vehicle-occupancy"), load("kpi-aggregator")
OPENDATA, REGISTRY = load("open-data-publisher"), load("measure-registry")


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


@pytest.fixture(scope="module")
def opendata(stack: Stack, migrated: str) -> Iterator[Target]:
    with database(stack, migrated, "fuzz_opendata") as url:
        apply_city(url)
        with (
            target("parking_occupancy", url, stack.mosquitto.url),
            target("open_data_publisher", url, stack.mosquitto.url) as running,
        ):
            told = running.url + "/feeds/parkapi/v3/parking-sites"
            deadline = time.monotonic() + 60
            while httpx.get(told).status_code != 200:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield running


@pytest.fixture(scope="module")
def registry(
    stack: Stack, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    keys = tmp_path_factory.mktemp("registry") / "keys"
    keys.write_text(new_key() + "\n")
    with database(stack, migrated, "fuzz_registry") as url:
        apply_city(url)
        secret = {"STADTTAKT_REGISTRY_CONTACT_KEY_FILE": str(keys)}
        with target("measure_registry", url, stack.mosquitto.url, **secret) as running:
            yield running


_turn = count()


def ask(case: Any, running: Target, headers: dict[str, str]) -> None:
    if next(_turn) % 2:
        # Every other request is about something that is there.
        case.path_parameters = {**(case.path_parameters or {}), **known(case)}
    answer = case.call(base_url=running.url, headers=headers, timeout=30)
    # Of vehicles nothing was told, and that is what their feeds say.
    is_empty = answer.status_code == 503 and answer.json()["code"] == "nothing_published_yet"
    left_out = [not_a_server_error] if is_empty else []
    case.validate_response(answer, checks=[each for each in CHECKS if each not in left_out])


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


@OPENDATA.parametrize()
@fuzzed
def test_publisher_answers_everything_as_documented(case: Any, opendata: Target) -> None:
    ask(case, opendata, opendata.headers)


@REGISTRY.parametrize()
@fuzzed
def test_registry_answers_everything_as_documented(case: Any, registry: Target) -> None:
    ask(case, registry, registry.headers)


SERVICES = {
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
