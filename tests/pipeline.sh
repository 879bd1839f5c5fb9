#!/usr/bin/env bash
# The whole pipeline on this machine: rows change in a throwaway PostgreSQL, and arrive as typed
# values. `--keep` leaves it running, with a psql line to play with.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/setup.sh
require_rust
require_postgres
exec cargo run --quiet --package pipeline-tests --bin pipeline -- "$@"
