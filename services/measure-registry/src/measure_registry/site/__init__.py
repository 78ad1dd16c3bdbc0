# SPDX-License-Identifier: EUPL-1.2
"""How pages look: frame, words in both languages, styles; knows no database."""
