# SPDX-License-Identifier: EUPL-1.2
"""Who may what at the platform's broker: told by the topic catalogue and the city, written for Mosquitto."""

from stadttakt_runtime.broker_access.grants import Grant

__all__ = ["Grant"]
