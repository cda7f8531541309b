#!/usr/bin/env bash
# Builds a real kube-apiserver (1.20.2) from Debian's source package, for the tests that want one. usage: kube-apiserver.sh [FOLDER]
# The folder is ${XDG_CACHE_HOME:-$HOME/.cache}/flannel-kube unless another one is named. Prints the program's path. Builds once, in about six minutes on
# two cores, with 3.5 GB of room that is free again afterwards. Needs root, for apt.
set -euo pipefail
folder="${1:-${XDG_CACHE_HOME:-$HOME/.cache}/flannel-kube}"
mkdir -p "$folder"
folder="$(readlink -f "$folder")"
program="$folder/kube-apiserver"
if [[ -x "$program" ]]; then
    echo "$program"
    exit
fi

work="$(mktemp -d)"
# A list of our own beside the machine's, with the sources of the same suites, for as long as this runs.
sources=/etc/apt/sources.list.d/flannel-kube-sources.sources
trap 'rm -f "$sources"; chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
exec 3>&1 1>"$folder/build.log" 2>&1
export DEBIAN_FRONTEND=noninteractive
sed 's/^Types: deb$/Types: deb-src/' /etc/apt/sources.list.d/debian.sources >"$sources"
apt-get update -qq
apt-get install -y -qq --no-install-recommends golang-go dpkg-dev
cd "$work"
apt-get source -qq kubernetes
apt-get -o APT::Sandbox::User=root download -qq golang-github-modern-go-reflect2-dev
dpkg -x golang-github-modern-go-reflect2-dev*.deb reflect2
source="$(readlink -f kubernetes-1.20*/)"

# The vendored reflect2 1.0.1 corrupts memory with Go 1.18 and later.
rm "$source"/vendor/github.com/modern-go/reflect2/*.go "$source"/vendor/github.com/modern-go/reflect2/*.s
cp reflect2/usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} "$source"/vendor/github.com/modern-go/reflect2/

# Vendor mode fails on Go 1.19, the older layout works.
mkdir -p gopath/src/k8s.io bin
ln -sfn "$source" gopath/src/k8s.io/kubernetes
export GOPATH="$work/gopath" GOCACHE="$work/gocache" GO111MODULE=off CGO_ENABLED=0 GOFLAGS=
cd gopath/src/k8s.io/kubernetes

# The OpenAPI definitions are generated, not shipped.
nice -n 19 go build -p 2 -o "$work/bin/openapi-gen" k8s.io/kubernetes/vendor/k8s.io/kube-openapi/cmd/openapi-gen
mapfile -t folders < <(
    grep -rl --include='*.go' -e '+k8s:openapi-gen=' vendor/k8s.io/ staging/src/k8s.io pkg cmd/kube-controller-manager 2>/dev/null | xargs -n1 dirname | sort -u |
        grep -v -e _examples -e sample-apiserver -e /testdata |
        sed 's,^staging/src/,k8s.io/kubernetes/vendor/,; /^k8s.io/!s,^,k8s.io/kubernetes/,' | sort -u
)
nice -n 19 "$work/bin/openapi-gen" --logtostderr -i "$(IFS=, && echo "${folders[*]}")" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
    -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$work/violations.report"

version=()
for package in k8s.io/kubernetes/vendor/k8s.io/component-base/version k8s.io/kubernetes/vendor/k8s.io/client-go/pkg/version; do
    version+=(-X "$package.gitVersion=v1.20.2" -X "$package.gitMajor=1" -X "$package.gitMinor=20" -X "$package.gitTreeState=clean")
done
nice -n 19 go build -p 2 -trimpath -ldflags "-s -w ${version[*]}" -o "$program.new" k8s.io/kubernetes/cmd/kube-apiserver
mv "$program.new" "$program"
echo "$program" >&3
