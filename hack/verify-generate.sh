#!/usr/bin/env bash
# Fails when `make generate` would change any of the given folders or files.
# Compares with what stands in the work tree, committed or not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
cp -r --parents "$@" "$before"

make --no-print-directory generate

stale=0
for path in "$@"; do
	diff -r "$before/$path" "$path" || stale=1
done
if ((stale)); then
	echo "generated files were stale; commit what \`make generate\` has now written" >&2
	exit 1
fi
