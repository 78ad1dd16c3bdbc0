# SPDX-License-Identifier: EUPL-1.2
"""Forecasts as work: series from files and tables, the backtest, learning, issuing, scoring."""
