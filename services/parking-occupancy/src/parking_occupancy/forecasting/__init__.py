"""Forecasts as work: series from files and tables, the backtest, learning, issuing, scoring."""
