# SPDX-License-Identifier: EUPL-1.2
"""Everything a LoRaWAN network adds between a sensor's state and a broker message."""
