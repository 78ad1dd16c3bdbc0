# SPDX-License-Identifier: EUPL-1.2
"""How many people are in a vehicle: a discrete Bayes filter over doors, radio devices, axle load and known-empty times."""
