# SPDX-License-Identifier: EUPL-1.2
"""Logins, rights and TLS on a real broker: what is refused is told, what is right gets through."""

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from runtime.integration.relay import relayed
from runtime.integration.secured import SecuredMosquitto, password_line, secured
from runtime.integration.sessions import options_for, payloads, quiet, running, take, until
from stadttakt_runtime.mqtt import MqttOptions, Outgoing, PublishRefusedError
from stadttakt_runtime.settings import ServiceSettings
from support.authority import Authority
from support.stack import fresh_stack

# paho leaves the socket of a failed handshake to the garbage collector, which says so.
left_open = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)
ROLES = {
    "defaultACLAccess": {
        "publishClientSend": False,
        "publishClientReceive": True,
        "subscribe": False,
        "unsubscribe": True,
    },
    "clients": [],
    "groups": [{"groupname": "anyone", "roles": [{"rolename": "partner"}]}],
    "anonymousGroup": "anyone",
    "roles": [
        {
            "rolename": "partner",
            "acls": [
                {"acltype": "subscribePattern", "topic": "ours/#", "allow": True},
                {"acltype": "publishClientSend", "topic": "ours/#", "allow": True},
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def with_logins() -> Iterator[SecuredMosquitto]:
    with fresh_stack() as stack:
        files = {"passwords": password_line("stadt@halle", "p:w/ä").encode()}
        lines = ("allow_anonymous false", "password_file {folder}/passwords")
        with secured(stack.mosquitto, *lines, files=files) as broker:
            yield broker


@pytest.fixture(scope="module")
def with_rights() -> Iterator[SecuredMosquitto]:
    with fresh_stack() as stack:
        broker = secured(stack.mosquitto, files={"roles.json": json.dumps(ROLES).encode()})
        broker.lines = (
            f"plugin {broker.plugin('mosquitto_dynamic_security')}",
            "plugin_opt_config_file {folder}/roles.json",
        )
        with broker:
            yield broker


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Stadttakt test authority")


@pytest.fixture(scope="module")
def with_tls(authority: Authority) -> Iterator[SecuredMosquitto]:
    certificate, key = authority.issue("broker")
    files = {"ca.pem": authority.certificate, "cert.pem": certificate, "key.pem": key}
    lines = (
        # These belong to the listener that stands before them.
        "cafile {folder}/ca.pem",
        "certfile {folder}/cert.pem",
        "keyfile {folder}/key.pem",
        "require_certificate true",
    )
    with fresh_stack() as stack, secured(stack.mosquitto, *lines, files=files) as broker:
        yield broker


def tls_settings(port: int, folder: Path, trusted: Authority, own: Authority) -> ServiceSettings:
    certificate, key = own.issue("service")
    contents = {"ca.pem": trusted.certificate, "cert.pem": certificate, "key.pem": key}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return ServiceSettings(
        mqtt_url=SecretStr(f"mqtts://127.0.0.1:{port}"),
        mqtt_ca_file=folder / "ca.pem",
        mqtt_cert_file=folder / "cert.pem",
        mqtt_key_file=folder / "key.pem",
    )


async def refusal(options: MqttOptions, word: str) -> str:
    """Return what the log says of a session that does not come up."""
    with capture_logs() as logs:
        async with running(options, wait=False) as session:
            await until(lambda: any(word in str(entry.get("error")) for entry in logs))
            assert not session.is_connected
    return str(logs)


async def test_credentials_of_the_url_open_the_session(with_logins: SecuredMosquitto) -> None:
    url = f"mqtt://stadt%40halle:p%3Aw%2F%C3%A4@127.0.0.1:{with_logins.port}"
    settings = ServiceSettings(mqtt_url=SecretStr(url))
    options = MqttOptions.from_settings(settings, client_id="c", subscriptions=("x",))
    async with running(options) as session:
        await session.publish_all([Outgoing("x", b"1")])
        assert payloads(await take(session, 1)) == [b"1"]


@pytest.mark.parametrize("login", [{}, {"username": "stadt@halle", "password": "secret-guess"}])
async def test_wrong_or_no_login_is_told_and_tried_again_without_the_password(
    with_logins: SecuredMosquitto, login: dict[str, str]
) -> None:
    options = dataclasses.replace(options_for(with_logins.url, "c", "x"), **login)
    told = await refusal(options, "Not authorized")
    assert "broker_away" in told
    assert "secret-guess" not in told


async def test_refused_subscription_is_told_and_the_session_is_not_up(
    with_rights: SecuredMosquitto,
) -> None:
    told = await refusal(options_for(with_rights.url, "c", "ours/x", "theirs/#"), "subscriptions")
    assert "Not authorized" in told
    async with running(options_for(with_rights.url, "c", "ours/#")) as session:
        assert session.is_connected


async def test_refused_publish_ends_its_group_and_no_other(with_rights: SecuredMosquitto) -> None:
    async with running(options_for(with_rights.url, "c", "ours/#")) as session:
        refused = session.publish_all([Outgoing("ours/1", b"1"), Outgoing("theirs/2", b"2")])
        allowed = session.publish_all([Outgoing("ours/3", b"3")])
        with pytest.raises(PublishRefusedError, match="0x87"):
            await refused
        await allowed
        assert payloads(await take(session, 2)) == [b"1", b"3"]


async def test_shared_subscription_without_a_filter_is_told_with_the_brokers_reason(
    with_logins: SecuredMosquitto,
) -> None:
    options = options_for(with_logins.url, "c", "$share/group")
    login = dataclasses.replace(options, username="stadt@halle", password="p:w/ä")
    told = await refusal(login, "Protocol error")
    assert "the broker closed the connection" in told


async def test_session_over_tls_with_a_certificate_of_ones_own(
    with_tls: SecuredMosquitto, authority: Authority, tmp_path: Path
) -> None:
    settings = tls_settings(with_tls.port, tmp_path, authority, authority)
    options = MqttOptions.from_settings(settings, client_id="c", subscriptions=("x",))
    large = bytes(range(256)) * 4000
    async with running(options) as session:
        await session.publish_all([Outgoing("x", large), Outgoing("x", b"2")])
        received = await take(session, 2)
        session.acknowledge(received)
        assert payloads(received) == [large, b"2"]
        assert await quiet(session)


@left_open
async def test_broker_of_another_authority_is_not_trusted(
    with_tls: SecuredMosquitto, authority: Authority, tmp_path: Path
) -> None:
    settings = tls_settings(with_tls.port, tmp_path, Authority("somebody"), authority)
    await refusal(MqttOptions.from_settings(settings, client_id="c"), "CERTIFICATE_VERIFY_FAILED")


@left_open
async def test_broker_under_another_name_is_not_trusted(
    with_tls: SecuredMosquitto, authority: Authority, tmp_path: Path
) -> None:
    settings = tls_settings(with_tls.port, tmp_path, authority, authority)
    elsewhere = dataclasses.replace(
        MqttOptions.from_settings(settings, client_id="c"), host="localhost"
    )
    await refusal(elsewhere, "CERTIFICATE_VERIFY_FAILED")


async def test_acknowledgement_does_not_slip_into_a_connection_half_made(
    with_tls: SecuredMosquitto, authority: Authority, tmp_path: Path
) -> None:
    async with relayed(with_tls.port) as relay:
        settings = tls_settings(relay.port, tmp_path, authority, authority)
        options = MqttOptions.from_settings(settings, client_id="half", subscriptions=("half",))
        async with running(options) as session:
            await session.publish_all([Outgoing("half", b"1")])
            before = await take(session, 1)
            relay.hold()
            relay.cut()
            await until(lambda: relay.accepted == 2)
            # The TLS handshake of the next connection waits; the epoch is still the old one.
            session.acknowledge(before)
            await asyncio.sleep(0.1)
            relay.release()
            (again,) = await take(session, 1)
            assert (again.payload, again.dup, again.epoch) == (b"1", True, 2)
            assert relay.accepted == 2
            session.acknowledge([again])
