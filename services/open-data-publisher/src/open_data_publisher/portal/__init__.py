"""The pages that people read: frame, words and assets; knows no upstream and no database."""
