# SPDX-License-Identifier: EUPL-1.2
"""Turns bay observations into lots, signs and their states."""
