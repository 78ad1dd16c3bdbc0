"""The Steckbrief: ideas, measures and sub-projects in one uniform form, for pages and as PDF."""
