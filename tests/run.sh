#!/usr/bin/env bash
# Every check and every test, with the set-up of pipeline.sh. What the tests need beyond it:
# plpgsql_check and pg_cron, where Debian has them for the server that is used, and kinesis-local, by npm.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/setup.sh
require_rust
require_postgres

require_extensions() {
    local programs version extensions
    programs=$(postgres_programs)
    version=$("$programs/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
    case "$programs" in /usr/lib/postgresql/*) ;; *) return 0 ;; esac
    extensions=/usr/share/postgresql/$version/extension
    [ -f "$extensions/plpgsql_check.control" ] && [ -f "$extensions/pg_cron.control" ] && return 0
    command -v apt-get >/dev/null 2>&1 &&
        apt_install "postgresql-$version-plpgsql-check" "postgresql-$version-cron"
}
require_extensions
require_kinesis_local

step() {
    printf '\n── %s\n' "$*"
    "$@"
}

step cargo fmt --all --check
step cargo clippy --quiet --workspace --all-features --all-targets -- -D warnings
RUSTDOCFLAGS='-D warnings' step cargo doc --quiet --workspace --all-features --no-deps
step cargo test --quiet --workspace --all-features
AURORA_TRIGGER_FUZZ_SECONDS=60 step cargo test --quiet --package relay-lambda --all-features --test fuzz
step cargo test --quiet --package pipeline-tests --test independent_kinesis -- --ignored
# Does it run, no more: a figure from a busy machine says nothing.
step cargo test --quiet --package pipeline-tests --bench write_path --bench drain --bench relay
step tests/pipeline.sh
