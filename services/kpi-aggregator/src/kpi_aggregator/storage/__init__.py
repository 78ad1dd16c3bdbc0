"""The SQL of schema `kpi`; never commits."""
