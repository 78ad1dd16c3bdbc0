"""The KPI framework as code."""
