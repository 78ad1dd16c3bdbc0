# SPDX-License-Identifier: EUPL-1.2
"""The chart's ways in: what is served, what is not, and whom a limit holds back."""

import re

import pytest

from helm.test_chart import of_kind
from support.helm import rendered


def test_ingress_serves_every_api_and_no_metrics() -> None:
    ingresses = of_kind(rendered("production.yaml"), "Ingress")
    paths, pages = (
        [one["path"] for one in ingresses[name]["spec"]["rules"][0]["http"]["paths"]]
        for name in ("stadttakt", "stadttakt-pages")
    )
    for path in ("uplink", "parking", "transit", "kpi", "opendata", "registry"):
        assert any(re.fullmatch(one, f"/api/{path}/v1/x") for one in paths)
        assert not any(re.fullmatch(one, f"/api/{path}/metrics") for one in paths)
    leitstelle = [re.compile(one) for one in pages if "leitstelle" in one]
    assert [bool(leitstelle[0].fullmatch(f"/leitstelle{rest}")) for rest in ("", "/x", "n")] == [
        True, True, False,
    ]  # fmt: skip
    for folder, of in (("", pages), ("/kpi", paths), ("/ideen", paths)):
        assert any(re.fullmatch(one, f"{folder}/") for one in of)
        assert any(re.fullmatch(one, f"{folder}/live/x") for one in of)
        for inside in ("metrics", "live", "ready"):
            assert not any(re.fullmatch(one, f"{folder}/{inside}") for one in of)


@pytest.mark.parametrize(
    "path",
    [
        *("uplink/v1/webhooks/chirpstack", "uplink/v1/webhooks/ttn", "uplink/v1/webhooks/ttn/up"),
        *("uplink/v1/observations", "transit/v1/observations"),
    ],
)
def test_uplinks_of_a_network_server_are_not_limited_as_visitors_are(path: str) -> None:
    ingresses = of_kind(rendered("production.yaml"), "Ingress")
    found = [
        (one["path"], name)
        for name, ingress in ingresses.items()
        for one in ingress["spec"]["rules"][0]["http"]["paths"]
        if re.fullmatch(one["path"], f"/api/{path}")
    ]
    # The controller asks the longest pattern first.
    pattern, name = max(found, key=lambda one: len(one[0]))
    assert len(found) > 1
    annotations = ingresses[name]["metadata"]["annotations"]
    given = {key.rpartition("/")[2]: value for key, value in annotations.items()}
    assert int(given["limit-rps"]) >= 300
    target = re.sub(r"\$(\d)", r"\\\1", given["rewrite-target"])
    assert re.sub(pattern, target, f"/api/{path}") == f"/{path.partition('/')[2]}"
    assert not re.fullmatch(pattern, "/api/uplink/v1/devices")


def test_what_platforms_fetch_is_reached_only_where_their_certificate_is_asked_for() -> None:
    ingresses = of_kind(rendered("production.yaml"), "Ingress")
    pull = ingresses.pop("stadttakt-pull")
    (rule,) = pull["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/pull", "Prefix")
    assert path["backend"]["service"]["name"] == "open-data-publisher"
    asked = {
        name.rpartition("/auth-tls-")[2]: value
        for name, value in pull["metadata"]["annotations"].items()
        if "/auth-tls-" in name
    }
    assert asked == {
        "secret": "default/stadttakt-pull-ca",
        "verify-client": "on",
        "pass-certificate-to-upstream": "true",
    }
    for ingress in ingresses.values():
        (other,) = ingress["spec"]["rules"]
        assert other["host"] != rule["host"]
        for one in other["http"]["paths"]:
            for fetched in ("/pull", "/pull/", "/pull/datex2-v2-parking-table"):
                assert not re.fullmatch(one["path"], fetched)
    assert "stadttakt-pull" not in of_kind(rendered("external.yaml"), "Ingress")
