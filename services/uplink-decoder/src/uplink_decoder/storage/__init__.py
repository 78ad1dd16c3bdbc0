"""All SQL of the decoder; never commits."""
