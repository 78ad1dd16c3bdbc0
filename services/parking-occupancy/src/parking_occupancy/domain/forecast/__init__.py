"""How many places will be free: series, calendar, baselines, model and scorer; pure, over numpy."""
