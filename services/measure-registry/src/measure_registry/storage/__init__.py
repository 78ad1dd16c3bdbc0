"""The SQL of schema `registry`; never commits."""
