# SPDX-License-Identifier: EUPL-1.2
"""A simulated LoRaWAN network and the demand behind it, with faults on request."""
