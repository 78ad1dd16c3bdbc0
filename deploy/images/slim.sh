#!/bin/bash
# Takes out of an installed environment what no service ever loads: the packages' own tests, headers, Arrow's network
# protocol, symbols of debuggers. Libraries below *.libs were rewritten by auditwheel and bear no stripping.
set -euo pipefail
packages=$(echo "$1"/lib/python3*/site-packages)

find "$packages" -depth -type d -path '*/numpy/*' -name tests -exec rm -r {} +
rm -rf "$packages"/pyarrow/{tests,include,src} "$packages"/pyarrow/*flight* "$packages"/numpy/f2py "$packages"/sqlalchemy/testing
find "$packages" -type f '(' -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' ')' -delete
find "$packages" '(' -name '*.so' -o -name '*.so.[0-9]*' ')' -type f -not -path '*.libs/*' -exec strip --strip-unneeded {} +
