#!/usr/bin/env bash
# Lets Microsoft's JavaScript client and Azure's identity library, unchanged and
# from npm, work against graphsim over TLS. Prints node's own summary and fails
# when a test fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

root=$(cd ../.. && pwd)
for tool in node npm; do
	command -v "$tool" >/dev/null || {
		echo "test-clients: $tool is missing: install Node.js 20 or later with npm" >&2
		exit 1
	}
done
binary=${GRAPHSIM:-$root/bin/graphsim} # another build of it may be tried
[[ -x $binary ]] || {
	echo "test-clients: $binary is missing: run \`make build\`" >&2
	exit 1
}

scratch=$(mktemp -d)
graphsim=
finish() {
	local code=$?
	if [[ -n $graphsim ]]; then
		kill "$graphsim" 2>/dev/null || true
		wait "$graphsim" 2>/dev/null || true
	fi
	if [[ $code != 0 && -s $scratch/graphsim.log ]]; then
		tail -n 20 "$scratch/graphsim.log" >&2
	fi
	rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM

npm ci --no-audit --no-fund --loglevel=error

"$binary" --tenants=2 --users=30 \
	--ca-out="$scratch/ca.pem" --credentials-out="$scratch/env" >"$scratch/graphsim.log" 2>&1 &
graphsim=$!
for ((i = 0; i < 300; i++)); do # half a minute
	[[ -e $scratch/env ]] && break
	kill -0 "$graphsim" 2>/dev/null || {
		echo "test-clients: graphsim ended at once" >&2
		exit 1
	}
	sleep 0.1
done
set -a
# shellcheck disable=SC1091 # graphsim has just written it
. "$scratch/env"
set +a

NODE_EXTRA_CA_CERTS=$GRAPH_CA node --test --test-reporter=spec
