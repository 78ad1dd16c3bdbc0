# SPDX-License-Identifier: EUPL-1.2
"""Looks after devices, gateways and sources, and says what wants attention."""
