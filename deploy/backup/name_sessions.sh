#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Gives the services' sessions at a broker that stands still the client ids of their secrets: docs/how-to/broker-access.md
# name_sessions.sh SECRETS    the folder with mqtt-session.<login>; BROKER_STORE and STADTTAKT_BROKER as for backup.sh
set -eu
secrets=$1
for service in uplink=uplink-decoder parking=parking-occupancy transit=vehicle-occupancy opendata=open-data-publisher; do
    ${STADTTAKT_BROKER:-} python3 -c "$(cat "$(dirname "$0")/broker_store.py")" name "$BROKER_STORE" "stadttakt-${service%%=*}-" \
        <"$secrets/mqtt-session.${service#*=}"
done
