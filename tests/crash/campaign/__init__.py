# SPDX-License-Identifier: EUPL-1.2
"""`make crash`: faults in a row under load, each followed by a reckoning of everything."""
