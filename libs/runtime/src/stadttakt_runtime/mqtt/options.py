# SPDX-License-Identifier: EUPL-1.2
"""How to reach a broker and how much to take from it at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self
from urllib.parse import parse_qs, unquote, urlsplit

from stadttakt_runtime.errors import OperatorError
from stadttakt_runtime.mqtt.tls import TlsFiles
from stadttakt_runtime.settings import ServiceSettings

_FILTER = re.compile(r"(?=.)(([^+#\0/]*|\+)/)*([^+#\0/]*|\+|#)", re.DOTALL)
DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


def is_topic_filter(text: str) -> bool:
    """Tell whether a text keeps the rules for topic filters (MQTT 5, section 4.7.1)."""
    return _FILTER.fullmatch(text) is not None


class TopicFilterError(OperatorError):
    """A subscription that breaks the rules of MQTT 5, section 4.7.1."""


@dataclass(frozen=True, slots=True)
class MqttOptions:
    """One session at one broker.

    `receive_maximum` is the back-pressure: the broker holds back what exceeds it
    (MQTT 5, section 3.1.2.11.3); `session_expiry_s` is how long it keeps the session of a service
    that is away (3.1.2.11.2).

    A broker that speaks MQTT 3.1.1 knows neither: `hold_at` is how many received messages may be
    unacknowledged, of any QoS, before reading stops until half of them are acknowledged. The
    network then holds the broker back. Never for a session whose publishes somebody waits for:
    their acknowledgements are not read meanwhile.

    A broker gives a session to whoever bears its client id, whatever the login: `session` is a secret that
    makes it one which nobody guesses. Metrics and logs tell `client_id` alone.

    `given_up` are filters that the session may still hold from an earlier setting: a SUBSCRIBE adds to
    what a kept session has and replaces the same filter only (3.8.4).
    """

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = None
    session: str | None = None
    tls: TlsFiles | None = None
    subscriptions: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()
    receive_maximum: int = 2000
    session_expiry_s: int = 7 * 86_400
    keepalive_s: int = 30
    content_type: str = "application/cloudevents+json"
    protocol: Literal["5", "3.1.1"] = "5"
    subscribe_qos: int = 1
    publish_qos: int = 1
    hold_at: int | None = None
    longest_pause_s: float = 10.0

    def __post_init__(self) -> None:
        """Refuse a topic filter that no broker takes."""
        for topic in (*self.subscriptions, *self.given_up):
            if not is_topic_filter(topic):
                raise TopicFilterError(f"this is no MQTT topic filter: {topic!r}")

    @property
    def sent_id(self) -> str:
        """The client id as the broker gets it."""
        return f"{self.client_id}-{self.session}" if self.session else self.client_id

    @classmethod
    def from_settings(
        cls,
        settings: ServiceSettings,
        *,
        client_id: str,
        subscriptions: tuple[str, ...] = (),
        receive_maximum: int = 2000,
    ) -> Self:
        """Read `mqtt://user:password@host:port?session=secret` or `mqtts://…` and the TLS files."""
        url = urlsplit(settings.mqtt_url.get_secret_value())
        if url.scheme not in DEFAULT_PORTS or not url.hostname:
            message = "the MQTT URL must look like mqtt://host:port or mqtts://host:port"
            raise ValueError(message)
        return cls(
            host=url.hostname,
            port=url.port or DEFAULT_PORTS[url.scheme],
            client_id=client_id,
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            session=parse_qs(url.query).get("session", [None])[0],
            tls=_tls(settings) if url.scheme == "mqtts" else None,
            subscriptions=subscriptions,
            receive_maximum=receive_maximum,
        )


def _tls(settings: ServiceSettings) -> TlsFiles:
    files = TlsFiles(settings.mqtt_ca_file, settings.mqtt_cert_file, settings.mqtt_key_file)
    # What is wrong is told at the start rather than at each connection.
    files.context()
    return files
