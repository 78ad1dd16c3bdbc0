# SPDX-License-Identifier: EUPL-1.2
"""Who gets which login at the database from the chart."""

from typing import Any

import yaml

from helm.test_chart import PORTS, WORKLOADS, container, of_kind
from stadttakt_runtime import plugins
from support.helm import CHART, helm, rendered


def database_keys(workload: dict[str, Any]) -> set[str]:
    volumes = workload["spec"]["template"]["spec"]["volumes"]
    secrets = [one["secret"] for one in volumes if one["name"] == "secrets"]
    keys = (item["key"] for secret in secrets for item in secret["items"])
    return {key for key in keys if key.startswith("database-")}


def test_owners_login_is_with_prepare_alone() -> None:
    workloads = of_kind(rendered("shrunk.yaml"), *WORKLOADS)
    holders = {name for name, one in workloads.items() if "database-url" in database_keys(one)}
    assert holders == {"prepare"}
    schemas = set(plugins.load(plugins.MIGRATIONS))
    passwords = {f"database-password.{schema}" for schema in schemas}
    assert database_keys(workloads["prepare"]) == {"database-url", *passwords}
    assert (
        "stadttakt logins /run/secrets/stadttakt;" in container(workloads["prepare"])["command"][2]
    )
    of_services = [database_keys(workloads[name]) for name in PORTS]
    assert set().union(*of_services) == {f"database-url.{schema}" for schema in schemas}


def test_one_login_for_all_still_works_where_somebody_chooses() -> None:
    chosen = helm("template", "takt", str(CHART), "--set", "database.ownLogins=false")
    found = [one for one in yaml.safe_load_all(chosen.stdout) if one]
    workloads = of_kind(found, *WORKLOADS)
    assert all(database_keys(workloads[name]) == {"database-url"} for name in (*PORTS, "prepare"))
    assert "stadttakt logins" not in str(workloads["prepare"])
