"""The KPI framework of a city folder, read and applied."""
