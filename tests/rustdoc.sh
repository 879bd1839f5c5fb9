#!/usr/bin/env bash
# For `RUSTDOC=tests/rustdoc.sh cargo test --doc`: writes a library's pages and refuses what rustdoc warns of, then runs the
# examples. `cargo doc` would first check all dependencies once more, which are built here.
set -euo pipefail

pages=()
is_test=
arguments=("$@")
while [ "$#" != 0 ]; do
    case "$1" in
    --test) is_test=yes ;;
    --test-run-directory) shift ;;
    *) pages+=("$1") ;;
    esac
    shift
done
[ -z "$is_test" ] || rustdoc -D warnings --out-dir "${CARGO_TARGET_DIR:-target}/doc" "${pages[@]}"
exec rustdoc "${arguments[@]}"
