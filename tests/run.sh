#!/usr/bin/env bash
# Every check and every test, with the set-up of pipeline.sh. What the tests need beyond it:
# plpgsql_check, pg_cron and PostGIS, where Debian has them for the server that is used, a locale that
# writes money in another way, and by npm kinesis-local and other versions of PostgreSQL.
#
#   tests/run.sh                 everything on this machine's PostgreSQL, and then on the oldest and the
#                                newest version most tests that start one
#   tests/run.sh --all-versions  nothing but the tests that start one, on each version, with a million random
#                                values over all of them; AURORA_TRIGGER_RANDOM_VALUES is how many on each;
#                                and, on this machine's, with rows and texts that take minutes and gigabytes
#
# A CI waits for the first. So on the two versions more it leaves out what takes minutes for the sake of relay
# and processes, and has the database do only what all the others do too.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/setup.sh
case "$*" in '' | --all-versions) ;; *) die "there is --all-versions, and no other argument: $*" ;; esac

step() {
    printf '\n── %s\n' "$*"
    "$@"
}

require_extensions() {
    local programs version extensions name missing=()
    programs=$(postgres_programs)
    version=$("$programs/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
    case "$programs" in /usr/lib/postgresql/*) ;; *) return 0 ;; esac
    extensions=/usr/share/postgresql/$version/extension
    for name in plpgsql_check:plpgsql-check pg_cron:cron postgis:postgis-3; do
        [ -f "$extensions/${name%:*}.control" ] || missing+=("postgresql-$version-${name#*:}")
    done
    [ "${#missing[@]}" = 0 ] && return
    command -v apt-get >/dev/null 2>&1 || return 0
    apt_install "${missing[@]}"
}

# A server takes it by its name for lc_monetary.
require_locale() {
    locale -a | grep -qiE '^de_DE\.utf-?8$' && return
    command -v apt-get >/dev/null 2>&1 || return 0
    [ -f /usr/share/i18n/locales/de_DE ] || apt_install locales
    as_root localedef -i de_DE -f UTF-8 de_DE.UTF-8
}

# The names of the tests that start a PostgreSQL, and of any that is not known to start none.
live_tests() {
    local file name
    for file in {tests,relay-lambda}/tests/{*.rs,*/main.rs}; do
        name=$(basename "${file%/main.rs}" .rs)
        case $name in
        command_line | dependencies | feature_combinations | independent_kinesis | storefront) ;;
        delivery | fuzz | local_kinesis | relay) ;;
        *) echo "$name" ;;
        esac
    done
}

passed=()
failed=()

# Runs these tests on one of server_versions. Nothing is built anew for another one.
on_version() {
    local version=$1 started=$SECONDS programs log names
    shift
    programs=$(require_server "$version")
    log=$(target_folder test-logs)/postgresql-$version.log
    printf '\n── on PostgreSQL %s: %s\n' "$version" "$*"
    names=("${@/#/--test=}")
    # Where CI is set the tests insist on extensions that Debian has and these servers have not.
    if AURORA_TRIGGER_PG_BIN=$programs env -u CI cargo test --quiet --workspace --all-features \
        --no-fail-fast "${names[@]}" -- --show-output >"$log" 2>&1; then
        passed+=("$version")
    else
        failed+=("$version")
        cat "$log"
    fi
    sed -nE '/^(not tested: |[0-9]+ values of )/p' "$log" | sort -u
    echo "that took $((SECONDS - started)) seconds"
}

# Says how it went on all versions.
conclude() {
    printf '\npassed on PostgreSQL: %s\n' "${passed[*]:-none}"
    [ "${#failed[@]}" = 0 ] && return
    printf 'failed on PostgreSQL: %s\n' "${failed[*]}"
    return 1
}

all_versions() {
    local tests version
    has_servers || die "npm has other versions of PostgreSQL for Linux on x86-64 only: set AURORA_TRIGGER_PG_BIN to the programs of one, and run cargo test"
    mapfile -t tests < <(live_tests)
    export AURORA_TRIGGER_RANDOM_VALUES=${AURORA_TRIGGER_RANDOM_VALUES:-125000}
    for version in "${server_versions[@]}"; do
        # Other values on each.
        AURORA_TRIGGER_RANDOM_SEED=${version%%.*} on_version "$version" "${tests[@]}"
    done
    step cargo test --quiet --package pipeline-tests --all-features --test encodings -- --ignored ||
        failed+=('at hand')
    conclude
}

oldest_and_newest() {
    local tests
    if ! has_servers; then
        echo 'not tested: other versions of PostgreSQL, which npm has for Linux on x86-64 only'
        return
    fi
    mapfile -t tests < <(live_tests |
        grep -vxE 'promises|bootstrap|local_pipeline|lambda_bootstrap|lambda_endpoint')
    on_version "${server_versions[0]}" "${tests[@]}"
    on_version "${server_versions[-1]}" "${tests[@]}"
    conclude
}

require_rust
require_postgres
require_locale
if [ "$#" != 0 ]; then
    all_versions
    exit
fi
require_extensions
require_kinesis_local

step cargo fmt --all --check
step cargo clippy --quiet --workspace --all-features --all-targets -- -D warnings
RUSTDOCFLAGS='-D warnings' step cargo doc --quiet --workspace --all-features --no-deps
step cargo test --quiet --workspace --all-features
oldest_and_newest
AURORA_TRIGGER_FUZZ_SECONDS=60 step cargo test --quiet --package relay-lambda --all-features --test fuzz
step cargo test --quiet --package pipeline-tests --test independent_kinesis -- --ignored
step cargo test --quiet --package pipeline-tests --test feature_combinations -- --ignored
# Does it run, no more: a figure from a busy machine says nothing.
step cargo test --quiet --package pipeline-tests --bench write_path --bench drain --bench relay
step tests/pipeline.sh
