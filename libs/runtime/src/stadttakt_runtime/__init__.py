# SPDX-License-Identifier: EUPL-1.2
"""What every service runs on: settings, MQTT, database, HTTP, process; no domain word."""
