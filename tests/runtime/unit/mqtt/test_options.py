# SPDX-License-Identifier: EUPL-1.2
"""How a broker's URL and the TLS files become a session's options."""

import ssl
from typing import Any

import pytest
from pydantic import SecretStr

from stadttakt_runtime.mqtt import MqttOptions
from stadttakt_runtime.mqtt.options import TopicFilterError
from stadttakt_runtime.settings import ServiceSettings


def options(url: str, **settings: Any) -> MqttOptions:
    given = ServiceSettings(mqtt_url=SecretStr(url), **settings)
    return MqttOptions.from_settings(given, client_id="c", subscriptions=("a/#",))


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("mqtt://broker", "broker", 1883),
        ("mqtts://broker", "broker", 8883),
        ("mqtt://127.0.0.1:1893", "127.0.0.1", 1893),
        ("mqtt://[::1]:1893", "::1", 1893),
    ],
)
def test_host_and_port_are_read_with_the_standards_defaults(url: str, host: str, port: int) -> None:
    found = options(url)
    assert (found.host, found.port, found.subscriptions) == (host, port, ("a/#",))
    assert found.username is None
    assert found.password is None


def test_credentials_may_hold_any_character() -> None:
    found = options("mqtt://stadt%40halle:p%3Aw%2F%40@broker")
    assert (found.username, found.password) == ("stadt@halle", "p:w/@")


@pytest.mark.parametrize("url", ["broker:1883", "http://broker", "mqtt://", "mqtt://:1883", ""])
def test_what_is_no_broker_is_refused_without_echoing_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"mqtt://host:port or mqtts://host:port") as raised:
        options(url)
    assert not url or url not in str(raised.value).replace("mqtt://host:port", "")


def test_plain_url_makes_no_tls_and_a_tls_url_checks_certificate_and_name() -> None:
    assert options("mqtt://broker").tls is None
    files = options("mqtts://broker").tls
    assert files is not None
    context = files.context()
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize(
    "topic", ["a", "/", "a/b", "+", "#", "+/+/#", "a//b", "/a", "a/+/b", "$share/g/a/#", "ä ö/+"]
)
def test_filter_of_the_standard_is_taken(topic: str) -> None:
    assert MqttOptions("h", 1883, "c", subscriptions=(topic,)).subscriptions == (topic,)


@pytest.mark.parametrize("topic", ["", "a/#/b", "a#", "#/a", "a+", "+a/b", "a/b+/c", "a\0b"])
def test_filter_that_no_broker_takes_is_refused_by_name(topic: str) -> None:
    with pytest.raises(TopicFilterError, match="no MQTT topic filter"):
        MqttOptions("h", 1883, "c", subscriptions=("ok", topic))
