#!/bin/sh
# Usage: install.sh VENV [PIP_ARGUMENTS...]: creates the virtual environment and installs OrderX, or the given packages.
set -eu
venv=$1
shift
[ "$#" -gt 0 ] || set -- -c constraints.txt -e '.[embedded,test]'

# A name on PATH may be a shim for a missing version, so each one is run.
find_python() {
    for name in python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    echo "OrderX needs Python 3.11 or newer on PATH" >&2
    return 1
}

# Debian's python3 has no ensurepip; virtualenv includes pip.
make_venv() {
    "$1" -m venv "$venv" 2>/dev/null || "$1" -m virtualenv --quiet "$venv" 2>/dev/null || {
        rm -rf "$venv"
        echo "$1 cannot make a virtual environment: install python3-venv (apt-get install python3-venv) or uv" >&2
        return 1
    }
}

# Downloads take a minute without output.
( while sleep 4; do echo "  still installing ..."; done ) &
trap 'kill $!' EXIT
trap 'exit 130' INT TERM

if command -v uv >/dev/null; then
    [ -x "$venv/bin/python" ] || uv venv --quiet --python "$(find_python)" "$venv"
    uv pip install --quiet --python "$venv/bin/python" "$@"
else
    [ -x "$venv/bin/pip" ] || make_venv "$(find_python)"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"
fi
