# SPDX-License-Identifier: EUPL-1.2
"""Computes indicators of source `formula`: days first, then the values of their periods."""
