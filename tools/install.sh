#!/bin/sh
# Makes the virtual environment $2 with the Python $1 from requirements.lock: with uv where it is installed, with pip otherwise.
set -eu
python=$1
venv=$2

if ! command -v "$python" >/dev/null 2>&1; then
    echo "argotui needs Python 3.11 or newer, and '$python' is not on this machine. Install it, or name one: make run PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "argotui needs Python 3.11 or newer; '$python' is $("$python" -V 2>&1). Name another: make run PYTHON=python3.12" >&2
    exit 1
fi

if command -v uv >/dev/null 2>&1; then
    # never downloads an interpreter: the one that was named is the one that is used
    UV_PYTHON_DOWNLOADS=never uv venv --quiet --allow-existing --python "$python" "$venv"
    uv pip install --quiet --python "$venv/bin/python" --require-hashes -r requirements.lock
    uv pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation -e .
    exit 0
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "This Python cannot make virtual environments (no ensurepip). On Debian or Ubuntu: apt install python$version-venv" >&2
    echo "Or install uv, which needs neither: https://docs.astral.sh/uv/" >&2
    exit 1
fi
[ -x "$venv/bin/pip" ] || "$python" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
