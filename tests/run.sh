#!/usr/bin/env bash
# Every check and every test. It sets up what is missing, as pipeline.sh does, and beyond it plpgsql_check, pg_cron and
# PostGIS where Debian has them for the local server, a locale that formats money differently, and by npm kinesis-local
# and other versions of PostgreSQL.
#
#   tests/run.sh                 every check, all tests on the local server, and on the oldest and the newest version
#                                those of the generated SQL that a version can change
#   tests/run.sh --all-versions  the tests that start a PostgreSQL, all of them on each version, with a million random
#                                values over all versions (AURORA_TRIGGER_RANDOM_VALUES: how many on each); then the
#                                tests that take minutes or gigabytes
#
# Tests run in several queues side by side, because most of them wait for a server. A queue's output is in
# target/test-logs; the output of a failed step is printed, too.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/setup.sh
case "$*" in '' | --all-versions) ;; *) die "there is --all-versions, and no other argument: $*" ;; esac

# ── Set-up ──────────────────────────────────────────────────────────────────────────────────────────────────────────

require_extensions() {
    local programs version extensions name missing=()
    programs=$(postgres_programs)
    # They can be links into the folder of a version.
    programs=$(dirname "$(readlink -f "$programs/postgres")")
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

# The server looks it up by its name, for lc_monetary.
require_locale() {
    locale -a | grep -qiE '^de_DE\.utf-?8$' && return
    command -v apt-get >/dev/null 2>&1 || return 0
    [ -f /usr/share/i18n/locales/de_DE ] || apt_install locales
    as_root localedef -i de_DE -f UTF-8 de_DE.UTF-8
}

# Each test has a database of its own, of hundreds of files. On a disk they take ten times as long as in memory.
use_memory() {
    local free
    [ -z "${AURORA_TRIGGER_PG_DATA:-}" ] && [ -w /dev/shm ] || return 0
    free=$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')
    [ "$free" -lt 8000000 ] || export AURORA_TRIGGER_PG_DATA=/dev/shm
}

# From now on the workspace is compiled by Clippy's driver, which is rustc with Clippy's lints. So one build is the check and
# the tests' programs, and the dependencies are not checked a second time.
compile_with_lints() {
    local folder
    RUSTC_WORKSPACE_WRAPPER=$(rustc --print sysroot)/bin/clippy-driver
    [ -x "$RUSTC_WORKSPACE_WRAPPER" ] || die 'Clippy is missing: rustup component add clippy'
    # As `cargo clippy -- -D warnings` sets it.
    CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__
    export RUSTC_WORKSPACE_WRAPPER CLIPPY_ARGS
    # Another release could read it in another way, and would then let everything pass.
    folder=$(mktemp -d)
    echo 'pub fn f(x: &str) -> String { return x.to_owned(); }' >"$folder/warned_of.rs"
    if "$RUSTC_WORKSPACE_WRAPPER" rustc --crate-type lib --emit metadata --out-dir "$folder" "$folder/warned_of.rs" 2>"$folder/log" ||
        ! grep -q 'clippy::needless[-_]return' "$folder/log"; then
        cat "$folder/log" >&2
        die "Clippy's driver does not refuse what Clippy warns of"
    fi
    rm -r "$folder"
}

# ── Steps and queues ────────────────────────────────────────────────────────────────────────────────────────────────

# Prints a command and runs it.
step() {
    printf '\n── %s\n' "$*"
    "$@"
}

logs=$(target_folder test-logs)
rm -f "$logs"/*

# Runs a step of a queue: its name, and the command.
queued() {
    local name=$1 started=$SECONDS outcome=passed
    shift
    if ! "$@" >"$logs/$name.log" 2>&1; then
        outcome=FAILED
        touch "$logs/$name.failed"
    fi
    printf '%s: %s after %d seconds\n' "$name" "$outcome" "$((SECONDS - started))"
    # From the first failure on, where tests have failed and not the build.
    [ "$outcome" = passed ] || sed -n '/^failures:/,$p' "$logs/$name.log" | grep . || cat "$logs/$name.log"
}

# Waits for all queues, says what was not tested, and fails if a step did.
conclude() {
    wait
    sed -nE '/^(not tested: |[0-9]+ values of )/p' "$logs"/*.log | sort -u
    awk '/^test result: / { passed += $4; failed += $6; ignored += $8 }
        END { printf "\n%d passed, %d failed, %d skipped\n", passed, failed, ignored }' "$logs"/*.log
    ! compgen -G "$logs/*.failed" >/dev/null
}

# ── Tests ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# cargo test with the features of the whole workspace, so that no crate is built twice.
cargo_test() {
    cargo test --workspace --all-features --no-fail-fast "$@"
}

# The same on one of server_versions. Nothing is built again for another version.
cargo_test_on() {
    local programs
    programs=$(require_server "$1") || return
    shift
    # With CI set, the tests insist on extensions that Debian has and these servers have not.
    AURORA_TRIGGER_PG_BIN=$programs env -u CI \
        cargo test --workspace --all-features --no-fail-fast "$@"
}

# Names the integration tests of a package's folder.
tests_of() {
    local file
    for file in "$1"/tests/*.rs "$1"/tests/*/main.rs; do
        if [ -f "$file" ]; then printf -- '--test=%s\n' "$(basename "${file%/main.rs}" .rs)"; fi
    done
}

# A model of what the SQL does, which needs no server.
of_models=(--test=outbox_protocol)
# Tests that start a PostgreSQL, and of which most is about relay and programs.
of_processes=(--test=promises --test=programs --test=lambda_bootstrap --test=lambda_endpoint)
# Tests of the generated SQL, and of the stand-in for aws_lambda: a version can change these.
mapfile -t of_sql < <(
    tests_of tests | grep -vxF -- "$(printf '%s\n' "${of_processes[@]}" --test=values "${of_models[@]}")"
)
of_sql+=(--test=local_extension --test=postgres_cluster)
# Tests of these which no version has changed, or only in ways that the tests know, by parts of their names.
of_no_version=(
    --skip=capture:: --skip=captured_tables:: --skip=chains:: --skip=cut_off:: --skip=encodings::bytes::
    --skip=encodings::sizes:: --skip=identifiers:: --skip=locks:: --skip=migrations::
    --skip=masked_values:: --skip=meaning:: --skip=nul_in_json:: --skip=one_of_many:: --skip=restore_matrix::
    --skip=sql_snapshots:: --skip=wire::
)
# These servers have not the extension.
of_no_version+=(--skip=plpgsql_check::)
# Version 14 and later replace triggers, as the local server does; on the oldest one an installation drops them.
of_replaced_triggers=(--skip=installation::interrupted:: --skip=installation::meanwhile::)
# Row level: its functions are made of the same expressions as those of the statement level.
of_one_level=(--skip=::at_row_level --skip=every_value_at_row_level)

# One step of the default run each, on the local server where none is named.
documentation() {
    queued documentation env RUSTDOC="$PWD/tests/rustdoc.sh" cargo test --workspace --all-features --doc
}

# The pages of docs.rs, and of each feature by itself: a link may lead to what only another feature has.
pages() {
    queued pages write_pages
}
write_pages() {
    local feature
    export RUSTDOCFLAGS='-D warnings'
    cargo doc --quiet --no-deps -p aurora-trigger-gen -p aurora-trigger-derive -p relay-lambda --all-features
    cargo doc --quiet --no-deps -p relay-lambda
    cargo doc --quiet --no-deps -p aurora-trigger-gen --no-default-features
    for feature in $(features_of aurora-trigger-gen); do
        cargo doc --quiet --no-deps -p aurora-trigger-gen --no-default-features --features "$feature"
    done
    # Labels of features are of the nightly compiler that docs.rs has.
    RUSTC_BOOTSTRAP=1 RUSTDOCFLAGS='-D warnings --cfg docsrs' \
        cargo doc --quiet --no-deps -p aurora-trigger-gen -p relay-lambda --all-features
}

# The names of a package's features, from its manifest.
features_of() { sed -n '/^\[features\]/,/^\[/ s/^\([a-z0-9_-]*\) = \[.*/\1/p' "$1/Cargo.toml"; }

# Each package for crates.io has the README and the licenses.
packages() {
    queued packages check_packages
}
check_packages() {
    local package file
    for package in aurora-trigger-derive aurora-trigger-gen relay-lambda; do
        for file in README.md LICENSE-APACHE LICENSE-MIT; do
            cargo package --quiet --allow-dirty --list -p "$package" | grep -qx "$file" ||
                die "$package is packed without $file"
        done
    done
}

libraries() {
    local rest
    mapfile -t rest < <(tests_of aurora-trigger-gen; tests_of tests/storefront/consumer; tests_of relay-lambda |
        grep -vxE -- '--test=(local_extension|postgres_cluster|fuzz)')
    queued libraries cargo_test --lib --bins "${of_models[@]}" "${rest[@]}"
}

sql() {
    local rest
    mapfile -t rest < <(printf '%s\n' "${of_sql[@]}" | grep -vxF -- --test=outbox)
    queued sql cargo_test "${rest[@]}"
}

outbox() { queued outbox cargo_test --test=outbox; }
values() { queued values cargo_test --test=values -- --show-output; }
messages() { queued messages cargo_test --test=messages; }
promises() { queued promises cargo_test --test=promises; }
programs() { queued programs cargo_test --test=programs; }
independent_kinesis() { queued independent_kinesis cargo_test --test=programs -- --ignored independent_kinesis; }
fuzz() { queued fuzz env AURORA_TRIGGER_FUZZ_SECONDS=15 cargo test --workspace --all-features --test=fuzz; }
# Do they run, no more: a figure from a busy machine says nothing.
benches() { queued benches cargo_test --bench=compile --bench=write_path --bench=drain --bench=relay; }
pipeline() { queued pipeline tests/pipeline.sh; }

on_oldest() { on_version "${server_versions[0]}"; }
on_newest() { on_version "${server_versions[-1]}" "${of_replaced_triggers[@]}"; }
values_on_oldest() { values_on_version "${server_versions[0]}"; }
values_on_newest() { values_on_version "${server_versions[-1]}"; }

on_version() {
    local version=$1
    shift
    if ! has_servers; then
        echo 'not tested: other versions of PostgreSQL, which npm has for Linux on x86-64 only'
        return
    fi
    queued "postgresql-${version%%.*}" cargo_test_on "$version" "${of_sql[@]}" -- \
        "${of_no_version[@]}" "${of_one_level[@]}" "$@"
}

values_on_version() {
    has_servers || return 0
    AURORA_TRIGGER_RANDOM_VALUES=2500 queued "postgresql-${1%%.*}-values" \
        cargo_test_on "$1" --test=values -- --show-output "${of_one_level[@]}"
}

# Runs steps, four at a time: when one has ended, the next one begins. Most of them wait for a server now and then.
in_queues() {
    local next running=0
    for next; do
        if [ "$running" = 4 ]; then
            wait -n
            running=3
        fi
        "$next" &
        running=$((running + 1))
    done
}

each_of() {
    local version
    for version in "$@"; do
        # Other random values on each.
        AURORA_TRIGGER_RANDOM_SEED=${version%%.*} queued "postgresql-${version%%.*}" \
            cargo_test_on "$version" "${of_sql[@]}" --test=values "${of_processes[@]}" -- --show-output
    done
}

all_versions() {
    has_servers || die "npm has other versions of PostgreSQL for Linux on x86-64 only: set AURORA_TRIGGER_PG_BIN to the programs of one, and run cargo test"
    export AURORA_TRIGGER_RANDOM_VALUES=${AURORA_TRIGGER_RANDOM_VALUES:-125000}
    export AURORA_TRIGGER_LONG_RUN_EVENTS=${AURORA_TRIGGER_LONG_RUN_EVENTS:-5000}
    export AURORA_TRIGGER_BACKLOG_EVENTS=${AURORA_TRIGGER_BACKLOG_EVENTS:-20000}
    export AURORA_TRIGGER_RANDOM_STATEMENTS=${AURORA_TRIGGER_RANDOM_STATEMENTS:-300}
    export AURORA_TRIGGER_FAULT_EVENTS=${AURORA_TRIGGER_FAULT_EVENTS:-200000}
    # The programs as they are deployed.
    export AURORA_TRIGGER_DEPLOYED=yes
    step cargo_test --no-run
    each_of "${server_versions[@]:0:4}" &
    each_of "${server_versions[@]:4}" &
    wait
    queued gigabytes cargo_test --test=database --test=outbox -- --ignored encodings a_row_whose_image
    queued faults cargo_test --test=delivery
    queued features cargo_test --test=programs -- --ignored feature_combinations
    conclude
}

require_rust
require_postgres
require_locale
use_memory
# What is compiled here is compiled once: a cache for the next edit would take longer to write than it saves.
export CARGO_INCREMENTAL=0
# A panic has its place without it, and the build takes a sixth less.
export CARGO_PROFILE_DEV_DEBUG=false
if [ "$#" != 0 ]; then
    all_versions
    exit
fi
require_extensions
require_kinesis_local

step cargo fmt --all --check
compile_with_lints
step cargo_test --no-run --all-targets
printf '\n── tests, in four queues\n'
# The longest first, so that none ends long after all others.
in_queues sql on_oldest on_newest promises outbox libraries messages values values_on_oldest benches documentation pages \
    packages programs values_on_newest independent_kinesis fuzz pipeline
conclude
