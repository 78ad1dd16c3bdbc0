"""SQL of the publisher, relative to its schema; never commits."""
