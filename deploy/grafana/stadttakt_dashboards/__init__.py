# SPDX-License-Identifier: EUPL-1.2
"""The dashboards of Grafana as code; `make dashboards` writes them to deploy/grafana/dashboards."""
