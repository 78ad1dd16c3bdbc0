# SPDX-License-Identifier: EUPL-1.2
"""The uplink decoder stores and decodes what LoRaWAN network servers deliver."""
