# Sourced by pipeline.sh and run.sh: sets up what is missing. It installs by the system's package
# manager, and what one test needs by npm into cargo's target folder, and says so before it does.

die() {
    printf 'error: %s\n' "$1" >&2
    exit 2
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        die "this needs root: $*"
    fi
}

# The folder of PostgreSQL's server programs, empty where there is none.
postgres_programs() {
    if [ -n "${AURORA_TRIGGER_PG_BIN:-}" ]; then
        echo "$AURORA_TRIGGER_PG_BIN"
    elif command -v initdb >/dev/null 2>&1; then
        dirname "$(command -v initdb)"
    else
        for folder in /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin \
            /usr/local/opt/postgresql@*/bin; do
            [ -x "$folder/initdb" ] && echo "$folder"
        done | sort -V | tail -n 1
    fi
}

apt_install() {
    printf 'installing by apt: %s\n' "$*" >&2
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

require_rust() {
    if ! command -v cargo >/dev/null 2>&1 && [ -f "$HOME/.cargo/env" ]; then
        . "$HOME/.cargo/env"
    fi
    command -v cargo >/dev/null 2>&1 || die "cargo is missing: install Rust from https://rustup.rs"
    # Rust links by the C compiler.
    command -v cc >/dev/null 2>&1 && return
    if command -v apt-get >/dev/null 2>&1; then
        apt_install build-essential
    else
        die "a C compiler is missing, which Rust links with: on macOS run xcode-select --install"
    fi
}

require_postgres() {
    [ -n "$(postgres_programs)" ] && return
    if command -v apt-get >/dev/null 2>&1; then
        apt_install postgresql postgresql-contrib
    elif command -v brew >/dev/null 2>&1; then
        echo 'installing by brew: postgresql@17' >&2
        brew install -q postgresql@17 >&2
    else
        die "PostgreSQL's server programs are missing: install PostgreSQL 11 to 18 with contrib, or set AURORA_TRIGGER_PG_BIN to their folder"
    fi
    [ -n "$(postgres_programs)" ] || die "PostgreSQL was installed, but its initdb is not found"
}

# A Kinesis that others wrote; sets AURORA_TRIGGER_KINESIS_LOCAL to the folder of its program.
require_kinesis_local() {
    local version=0.6.2 target folder
    [ -n "${AURORA_TRIGGER_KINESIS_LOCAL:-}" ] && return
    if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
        if command -v apt-get >/dev/null 2>&1; then
            apt_install nodejs npm
        elif command -v brew >/dev/null 2>&1; then
            echo 'installing by brew: node' >&2
            brew install -q node >&2
        else
            die "node and npm are missing: install Node.js, or set AURORA_TRIGGER_KINESIS_LOCAL to the folder of kinesis-local"
        fi
    fi
    target=${CARGO_TARGET_DIR:-target}
    mkdir -p "$target/kinesis-local-$version"
    folder=$(cd "$target/kinesis-local-$version" && pwd)
    if [ ! -f "$folder/node_modules/kinesis-local/main.js" ]; then
        echo "installing by npm into $folder: kinesis-local $version" >&2
        npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" \
            "kinesis-local@$version" >&2
    fi
    export AURORA_TRIGGER_KINESIS_LOCAL="$folder/node_modules/kinesis-local"
}
