# SPDX-License-Identifier: EUPL-1.2
"""What is asked of a service by its OpenAPI document, and what must hold of every answer."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fuzz.running import Target

OPENAPI = Path(__file__).parents[2] / "schemas/openapi"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ELSEWHERE = r"/stream$|/attachments$"
"""Server-sent events do not end, attachments are no JSON; they have tests of their own."""
OF_VEHICLES = frozenset(
    {"/feeds/gtfs-rt/trip-updates.pb", "/feeds/gtfs-rt/vehicle-positions.pb", "/feeds/siri/vm.xml"}
)
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


def load(service: str, examples: int = 1) -> Any:
    """Return a service's document; the tests ask each of its operations so many things, the same at every run."""
    generation = GenerationConfig(deterministic=True, max_examples=examples)
    project = ProjectConfig(generation=generation)
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    schema = schemathesis.openapi.from_path(OPENAPI / f"{service}.json", config=config)
    return schema.exclude(path_regex=ELSEWHERE)


def ask(case: Any, running: Target) -> None:
    """Send one request; raises where the answer is not as documented."""
    number = zlib.crc32(said_of(case).encode("utf-8", "replace"))
    if number % 2:
        # Every other request is about something that is there, and is so whenever it is repeated.
        case.path_parameters = {**(case.path_parameters or {}), **known(case)}
    answer = case.call(base_url=running.url, headers=headers_of(number, running), timeout=30)
    left_out = [not_a_server_error] if is_excused(case.path, answer) else []
    case.validate_response(answer, checks=[each for each in CHECKS if each not in left_out])


def said_of(case: Any) -> str:
    """Return what a request says, the same at every run: what it leaves out has an address for its name."""
    parts = (case.operation.label, case.path_parameters, case.query, case.body)
    return repr([None if each is NOT_SET else each for each in parts])


def headers_of(number: int, running: Target) -> dict[str, str]:
    """Return what opens everything; every fourth request goes without it, as anybody's."""
    return {} if number // 2 % 4 == 0 else running.headers


def is_excused(path: str, answer: Any) -> bool:
    """Tell whether a feed of vehicles says that there are none: nothing was told of any; no other 503 is right."""
    if answer.status_code != 503 or path not in OF_VEHICLES:
        return False
    return bool(answer.json()["code"] == "nothing_published_yet")


def known(case: Any) -> dict[str, str]:
    return {name: KNOWN[name] for name in case.path_parameters or {} if name in KNOWN}
