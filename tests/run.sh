#!/bin/sh
# `make test`: lint, types and import contracts, then every test on SQLite and on PostgreSQL, in two processes.
# Arguments go to pytest. JUBILEE_ALL_TESTS=1 makes it a failure to leave anything out.
cd "$(dirname "$0")/.." || exit 1
bin=.venv/bin
failed=0
lint_failed=

sh tests/lint.sh || { failed=1; lint_failed=yes; }

if "$bin/python" -m tests.servers.chromium; then
    "$bin/pytest" -n 2 --dist worksteal --hypothesis-profile=ci "$@" || failed=1
else
    "$bin/pytest" -n 2 --dist worksteal --hypothesis-profile=ci -m "not browser" "$@" || failed=1
    echo "left out: browser tests (no chromium on this machine; apt-get install chromium)"
    [ -z "$JUBILEE_ALL_TESTS" ] || failed=1
fi

[ -z "$lint_failed" ] || echo "lint failed: what it found stands above the tests"
exit $failed
