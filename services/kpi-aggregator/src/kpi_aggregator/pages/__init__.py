"""Pages for people: the scorecard, each indicator down to its data, the reports."""
