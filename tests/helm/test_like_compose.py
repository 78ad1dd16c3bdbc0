# SPDX-License-Identifier: EUPL-1.2
"""Compose and chart: each service is told the same, from the same facts."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from architecture.test_compose import FOREIGN, SERVICES, read
from architecture.test_settings import SERVICES as SETTINGS
from helm.test_chart import container, of_kind
from stadttakt_runtime.service import LEAVES_AT_MOST_S
from support.helm import CHART, rendered

PRODUCTION = yaml.safe_load((CHART / "ci/production.yaml").read_text())
OIDC = PRODUCTION["oidc"]
# What production.yaml says, in compose's words.
FACTS = {
    "STADTTAKT_PORTAL_URL": "https://takt.example",
    "STADTTAKT_IDEAS_URL": "https://takt.example/ideen",
    "STADTTAKT_KPI_PAGES_URL": "https://takt.example/kpi",
    "STADTTAKT_MAIL_FROM": PRODUCTION["mail"]["from"],
    "STADTTAKT_PRODUCTION": "true",
    "STADTTAKT_OIDC_ISSUER": OIDC["issuer"],
    "STADTTAKT_OIDC_AUDIENCE": OIDC["audience"],
    "STADTTAKT_OIDC_JWKS_URL": OIDC["jwksUrl"],
    "STADTTAKT_OIDC_SCOPE_CLAIM": OIDC["scopeClaim"],
    "STADTTAKT_OIDC_CLIENT_ID": OIDC["clientId"],
    "STADTTAKT_OIDC_ROLE_CLAIM": OIDC["roleClaim"],
    "STADTTAKT_OTLP_ENDPOINT": PRODUCTION["tracing"]["endpoint"],
}
# The same secrets on both sides; what each is called as a file comes from where it is mounted.
SECRETS = {"oidc-roles": json.dumps(OIDC["roles"]), "smtp-url": "smtps://u:p@mail.example"}
# What is another in a cluster, and why.
MAY_DIFFER = {
    "mqtt_ca_file": "the bundled broker speaks TLS inside of the cluster",
    "instance": "of a StatefulSet, by its number",
    "shared_subscription": "decoders are several",
    "http_host": "compose takes it from the image",
    "trace_ratio": "compose takes it from services.env",
    "contact_key_file": "secrets lie elsewhere",
    "secrets": "secrets lie elsewhere",
    "observation_days": "compose takes it from services.env; production.yaml has it as an example of env",
}


def by_compose(name: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return a service's variables, and its secrets' names by the files they are mounted as."""
    service = read(**FACTS)["services"][name]
    mounted = [one for one in service["secrets"] if isinstance(one, dict)]
    return service["environment"], {one["target"]: one["source"] for one in mounted}


def by_chart(name: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the same of the chart."""
    workload = of_kind(rendered("production.yaml"), "Deployment", "StatefulSet")[name]
    environment = {one["name"]: one.get("value", "3") for one in container(workload)["env"]}
    volumes = {one["name"]: one for one in workload["spec"]["template"]["spec"]["volumes"]}
    items = volumes["secrets"]["secret"]["items"]
    return environment, {one["path"]: one["key"] for one in items}


def understood(
    name: str, environment: Mapping[str, str], secrets: Mapping[str, str], folder: Path
) -> dict[str, Any]:
    """Return the settings a service reads from variables and secret files."""
    folder.mkdir()
    for file, source in secrets.items():
        (folder / file).write_text(SECRETS.get(source, f"what the secret {source} holds"))
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in environment.items():
            patch.setenv(variable, value)
        patch.setenv("STADTTAKT_SECRET_FILES", str(folder))
        return SETTINGS[name]().model_dump()


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_told_the_same_by_compose_and_chart(name: str, tmp_path: Path) -> None:
    told = {side: of(name) for side, of in (("compose", by_compose), ("chart", by_chart))}
    compose, chart = (
        understood(name, environment, secrets, tmp_path / side)
        for side, (environment, secrets) in told.items()
    )
    other = {field: (compose[field], chart[field]) for field in compose if compose[field] != chart[field]}  # fmt: skip
    assert {field: both for field, both in other.items() if field not in MAY_DIFFER} == {}
    libraries = [FOREIGN & environment.keys() for environment, _ in told.values()]
    assert libraries[0] == libraries[1]


def test_nothing_may_differ_that_never_does(tmp_path: Path) -> None:
    different: set[str] = set()
    for name in SERVICES:
        compose, chart = (
            understood(name, *of(name), tmp_path / f"{name}-{side}")
            for side, of in (("compose", by_compose), ("chart", by_chart))
        )
        different |= {field for field in compose if compose[field] != chart[field]}
    assert different == MAY_DIFFER.keys()


def test_no_service_is_killed_before_it_has_left() -> None:
    workloads = of_kind(rendered("production.yaml"), "Deployment", "StatefulSet")
    granted = [
        workloads[name]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        for name in SERVICES
    ]
    assert min(granted) > LEAVES_AT_MOST_S
