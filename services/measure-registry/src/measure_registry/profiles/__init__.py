# SPDX-License-Identifier: EUPL-1.2
"""The Steckbrief: ideas, measures and sub-projects in one uniform form, for pages and as PDF."""
