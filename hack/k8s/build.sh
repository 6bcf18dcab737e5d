#!/usr/bin/env bash
# Makes sure of a control plane for tests, demo and playground and prints the
# folder that holds it, for KUBEBUILDER_ASSETS. A KUBEBUILDER_ASSETS that is
# set and whole is used as it is; else etcd, kube-apiserver,
# kube-controller-manager and kubectl are built from source into the folder
# given, unless what stands there was built from the same pins.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:?usage: build.sh OUTPUT_FOLDER}
binaries=(etcd kube-apiserver kube-controller-manager kubectl)

complete() {
	local binary
	for binary in "${binaries[@]}"; do
		[[ -x $1/$binary ]] || return 1
	done
}

say() { echo "$@" >&2; }

mkdir -p "$out"
out=$(cd "$out" && pwd)

given=${KUBEBUILDER_ASSETS:-}
if [[ -n $given && $given != "$out" ]]; then
	if complete "$given"; then
		echo "$given"
		exit 0
	fi
	say "KUBEBUILDER_ASSETS=$given does not hold all of: ${binaries[*]}; using our own"
fi

cd "$here"
pins=$(cat go.mod go.sum build.sh | sha256sum | cut -d' ' -f1)
stamp="$pins $(go env GOVERSION GOOS GOARCH | xargs)"
if complete "$out" && [[ -f $out/.stamp && $(<"$out/.stamp") == "$stamp" ]]; then
	echo "$out"
	exit 0
fi

version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
minor=${version#v*.}
versioning="-X k8s.io/component-base/version.gitVersion=$version"
versioning+=" -X k8s.io/component-base/version.gitMajor=1"
versioning+=" -X k8s.io/component-base/version.gitMinor=${minor%%.*}"

build() {
	local binary=$1 package=$2 start=$SECONDS
	say -n "  $binary … "
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w $versioning" -o "$out/$binary" "$package"
	say "$((SECONDS - start)) s"
}

say "Building etcd and Kubernetes $version from source: five to ten minutes on two cores, once."
rm -f "$out/.stamp"
build etcd go.etcd.io/etcd/server/v3
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
build kube-controller-manager k8s.io/kubernetes/cmd/kube-controller-manager
build kubectl k8s.io/kubernetes/cmd/kubectl
echo "$stamp" >"$out/.stamp"
echo "$out"
