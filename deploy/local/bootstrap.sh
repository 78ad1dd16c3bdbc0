#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# Makes .venv with everything the locks name and all members of the workspace, from a bare Debian:
# python3 >= 3.11 is enough, neither pip nor venv nor uv need be there. `bootstrap.sh uv` prints uv's path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tools=.local/tools
lock=requirements/dev.lock
stamp=.venv/stadttakt.sum
members=(libs/* services/* simulators deploy/local)
export UV_PYTHON_DOWNLOADS=never
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV CONDA_PREFIX

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

python3_of_machine() {
    local python
    # A version manager's shim does what the folder it is called in says; the interpreter itself does not.
    python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null) ||
        fail "There is no python3 here." "Install it: apt-get install python3"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version) is too old: 3.11 or newer is needed." "Debian 12 and 13 have it."
    echo "$python"
}

# Unpacks Debian packages into a folder; a fresh machine has no package lists, so private ones are fetched.
unpack() {
    local folder=$1 package
    shift
    command -v apt-get >/dev/null || fail "There is neither uv nor pip nor apt-get here." "Install uv."
    rm -rf "$folder" && mkdir -p "$folder/lists/partial"
    (
        cd "$folder"
        options=(-qq -o APT::Sandbox::User=root -o "Dir::Cache=$PWD")
        apt-get "${options[@]}" download "$@" 2>/dev/null || {
            options+=(-o "Dir::State::lists=$PWD/lists" -o Debug::NoLocking=1)
            apt-get "${options[@]}" update >&2
            apt-get "${options[@]}" download "$@" >&2
        }
        for package in *.deb; do dpkg-deb -x "$package" .; done
        rm -rf lists ./*.deb ./*.bin
    ) || fail "The Debian packages $* cannot be fetched." "Check the machine's apt sources and network, or install uv."
}

# The machine's own certificates where it has some: a proxy's may be among them.
use_certificates() {
    local bundle=/etc/ssl/certs/ca-certificates.crt
    if [ ! -e "$bundle" ]; then
        bundle=$PWD/$tools/ca-certificates.crt
        [ -e "$bundle" ] || {
            unpack "$tools/certificates" ca-certificates
            cat "$tools"/certificates/usr/share/ca-certificates/mozilla/*.crt >"$bundle"
        }
    fi
    export SSL_CERT_FILE=${SSL_CERT_FILE:-$bundle} PIP_CERT=${PIP_CERT:-$bundle}
}

find_uv() {
    local python=$1 pip
    command -v uv && return
    [ -x "$tools/bin/uv" ] && echo "$PWD/$tools/bin/uv" && return
    echo "Fetching uv ..." >&2
    mkdir -p "$tools"
    if "$python" -m pip --version >/dev/null 2>&1; then
        pip=("$python" -m pip)
    else
        # Debian's pip is a wheel in a package: it runs from there without being installed.
        unpack "$tools/pip" python3-pip-whl
        pip=("$python" "$(echo "$tools"/pip/usr/share/python-wheels/pip-*.whl)/pip")
    fi
    "${pip[@]}" install --quiet --disable-pip-version-check --root-user-action=ignore \
        --target "$tools/uv.part" --upgrade uv >&2 ||
        fail "uv cannot be fetched from the Python package index." "Check the network, or install uv."
    mkdir -p "$tools/bin"
    rm -rf "$tools/uv" && mv "$tools/uv.part" "$tools/uv"
    ln -sf ../uv/bin/uv "$tools/bin/uv"
    echo "$PWD/$tools/bin/uv"
}

wanted() {
    { pwd; cat "$lock" pyproject.toml "${members[@]/%//pyproject.toml}" "${BASH_SOURCE[0]}"; } | sha256sum
}

make_environment() {
    local python uv
    python=$(python3_of_machine)
    use_certificates
    uv=$(find_uv "$python")
    if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        "$uv" venv --quiet --clear --python "$python" .venv
    fi
    rm -f "$stamp"
    echo "Installing the locked packages ..." >&2
    "$uv" pip sync --compile-bytecode --python .venv/bin/python --require-hashes "$lock"
    echo "Installing the workspace ..." >&2
    "$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation "${members[@]/#/--editable=}"
    wanted >"$stamp"
}

if [ "${1:-}" = uv ]; then
    use_certificates
    find_uv "$(python3_of_machine)"
elif [ "$(wanted)" != "$(cat "$stamp" 2>/dev/null)" ]; then
    mkdir -p .local
    exec 9>.local/bootstrap.lock
    flock 9
    [ "$(wanted)" = "$(cat "$stamp" 2>/dev/null)" ] || make_environment
fi
