"""The platform's backing services and process table on one machine, without containers."""
