"""How full departures will be: series, calendar, expectation, live update, scorer; over numpy."""
