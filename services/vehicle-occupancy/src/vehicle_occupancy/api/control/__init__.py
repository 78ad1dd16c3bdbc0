# SPDX-License-Identifier: EUPL-1.2
"""`/leitstelle`: the control centre's page with peaks, advice, what was done and what came of it."""
