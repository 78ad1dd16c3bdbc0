# SPDX-License-Identifier: EUPL-1.2
"""Pages for people: the scorecard, each indicator down to its data, the reports."""
