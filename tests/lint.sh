#!/bin/sh
# Everything that can be said about the code without running it. Goes on after a failure, so that one run shows all.
cd "$(dirname "$0")/.." || exit 1
bin=.venv/bin
failed=0

step() {
    echo "-- $*"
    "$bin/$@" || failed=1
}

step ruff check .
step ruff format --check .
step mypy
step lint-imports
exit $failed
