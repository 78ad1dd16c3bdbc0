# SPDX-License-Identifier: EUPL-1.2
"""How full departures will be: series, calendar, expectation, live update, scorer; over numpy."""
