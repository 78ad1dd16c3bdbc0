# SPDX-License-Identifier: EUPL-1.2
"""Indicators, their periods and values, and how they stand against their targets; pure."""
