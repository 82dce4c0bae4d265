#!/bin/sh
# Types and layers beside the tests, which wait for other processes often enough to leave a core some time.
# Fails when any of them does; types and layers have their say last, where it is seen. Usage: test.sh BIN ARGUMENT...
set -u
bin=$1
shift
said=$(mktemp -d)
"$bin/mypy" >"$said/types" 2>&1 &
types=$!
"$bin/lint-imports" >"$said/layers" 2>&1 &
layers=$!
trap 'kill "$types" "$layers" 2>/dev/null; rm -rf "$said"' EXIT
trap 'exit 130' INT TERM
"$bin/python" -m pytest "$@"
code=$?
wait "$types" || code=1
wait "$layers" || code=1
cat "$said/types" "$said/layers"
exit "$code"
