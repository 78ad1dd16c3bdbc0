# SPDX-License-Identifier: EUPL-1.2
"""How many places will be free: series, calendar, baselines, model and scorer; pure, over numpy."""
