# SPDX-License-Identifier: EUPL-1.2
"""MQTT 5 as the platform needs it: acknowledge after the commit, publish in pipelines.

The only place that knows paho. aiomqtt acknowledges a message when it hands it over, before
anything is stored (docs/decisions/0003).
"""

from stadttakt_runtime.mqtt.connection import MqttConnection, PublishRefusedError
from stadttakt_runtime.mqtt.message import Message, Outgoing
from stadttakt_runtime.mqtt.options import MqttOptions, is_topic_filter

__all__ = [
    "Message",
    "MqttConnection",
    "MqttOptions",
    "Outgoing",
    "PublishRefusedError",
    "is_topic_filter",
]
