"""How pages look: frame, words in both languages, styles; knows no database."""
