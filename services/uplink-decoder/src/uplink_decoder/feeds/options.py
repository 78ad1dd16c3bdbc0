# SPDX-License-Identifier: EUPL-1.2
"""How to reach a source's own broker: its entry in `sources.yaml` to a session's options."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from stadttakt_runtime.mqtt import MqttOptions
from stadttakt_runtime.mqtt.options import DEFAULT_PORTS
from stadttakt_runtime.mqtt.tls import TlsFiles
from uplink_decoder.settings import UplinkSettings
from uplink_decoder.sources import Broker, Source, SourceTable, Tls
from uplink_decoder.sources.secrets import SecretMissingError

LONGEST_PAUSE_S = 60.0
# The group of the chart: what a decoder that is alone again may hold.
GROUP = "decoders"


class FeedSetupError(ValueError):
    """A secret, certificate or key that the source names is not there or not fit for use."""


def platform_options(settings: UplinkSettings, sources: SourceTable, client_id: str) -> MqttOptions:
    """Return the options of the session that receives from the platform's own broker."""
    options = MqttOptions.from_settings(
        settings,
        client_id=client_id,
        subscriptions=subscriptions(sources, settings.shared_subscription),
        receive_maximum=settings.receive_maximum,
    )
    # Receive Maximum binds QoS 1 alone; what comes at QoS 0 beside it has as much room again.
    return replace(
        options,
        given_up=given_up(sources, settings.shared_subscription),
        hold_at=2 * settings.receive_maximum,
    )


def partner_options(
    source: Source, broker: Broker, client_id: str, group: str | None
) -> MqttOptions:
    """Return the options of the session at a source's own broker.

    Raises:
        FeedSetupError: says in words what is missing; it is looked for again later.

    """
    url = urlsplit(broker.url)
    is_version_5 = source.protocol == "5"
    in_hand, table = source.limits.in_hand, SourceTable([source])
    return MqttOptions(
        host=url.hostname or "",
        port=url.port or DEFAULT_PORTS[url.scheme],
        client_id=client_id,
        username=broker.username,
        password=_password(broker),
        tls=_tls(broker.tls or Tls()) if url.scheme == "mqtts" else None,
        # MQTT 3.1.1 knows no shared subscription: each decoder takes all, duplicates are known.
        subscriptions=subscriptions(table, group if is_version_5 else None),
        given_up=given_up(table, group) if is_version_5 else (),
        receive_maximum=in_hand,
        protocol=source.protocol,
        subscribe_qos=source.qos,
        publish_qos=source.qos,
        content_type="application/json",
        hold_at=2 * in_hand if is_version_5 else in_hand,
        longest_pause_s=LONGEST_PAUSE_S,
    )


def subscriptions(sources: SourceTable, group: str | None) -> tuple[str, ...]:
    """Return the filters, below `$share/<group>/` where several decoders share the load (4.8.2)."""
    if group is None:
        return sources.subscriptions
    return tuple(f"$share/{group}/{topic}" for topic in sources.subscriptions)


def given_up(sources: SourceTable, group: str | None) -> tuple[str, ...]:
    """Return the filters in the other form, which a session keeps from when there were more or fewer decoders."""
    return subscriptions(sources, GROUP if group is None else None)


def _password(broker: Broker) -> str | None:
    try:
        return broker.password()
    except SecretMissingError as error:
        raise FeedSetupError(str(error)) from error


def _tls(tls: Tls) -> TlsFiles:
    files = TlsFiles(tls.ca_file, tls.cert_file, tls.key_file)
    try:
        files.context()
    except OSError as error:
        # Also ssl.SSLError: a file that holds no certificate, or a key of another one.
        reason = getattr(error, "reason", None) or error.strerror or str(error)
        raise FeedSetupError(f"{error.filename}: {reason}") from error
    return files
