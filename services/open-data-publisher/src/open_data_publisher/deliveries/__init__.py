# SPDX-License-Identifier: EUPL-1.2
"""Deliveries to access points and registers: what is due, sent, answered and kept as a receipt."""
