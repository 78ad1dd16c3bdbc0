#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Prints a moment as PostgreSQL reads it; one without a zone is refused: PostgreSQL would take another than the one who asks has in mind.
# moment.sh "2026-11-26 08:00:00+00"
set -eu
echo "${1:-}" | grep -Eq '^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]+(Z|[+-][0-9]{2}(:?[0-9]{2})?)$' || {
    echo "Give date, time and zone: \"2026-11-26 08:00:00+00\"; nothing was changed." >&2
    exit 1
}
echo "$1" | sed 's/T/ /; s/Z$/+00/'
