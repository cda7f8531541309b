#!/usr/bin/env bash
# Builds outside, then runs inside fresh namespaces: the machine's own interfaces, routes and filters are out of reach of everything started here.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
configuration=Release

usage() {
    cat <<'USAGE'
usage: ./build.sh <command> [arguments]

  demo [options]     build an overlay of several hosts in one process and ping through it (--hosts N, --dual-stack, --keep, --json, --help)
  test [filter]      run all tests, or those whose full name contains the filter
  test --fast        run the tests that need no namespaces and no etcd: what to run after every change
  bench [options]    measure, side by side with the same work done by hand
  bench kubernetes   measure the Kubernetes store: 1,000 nodes, their memory, time and requests
  bench overlay      measure the overlays against each other: packets between containers of two hosts (--quick, --help)
  soak [options]     ten hosts and an etcd of three members, one fault after the other, a packet every 10 ms between all containers (--minutes N, --hosts N, --backend, --seed)
  pack               make the NuGet packages with their symbols in artifacts/packages
  publish            make artifacts/flanneld/flanneld, the console host, and artifacts/cni/flannel, the CNI plugin: native files that need no .NET
                     (--arch arm64 or x64: for another machine)
  image              publish, and make artifacts/flanneld-image.tar, an OCI archive with both and the packet filters' programs (docs/kubernetes.md)
  format             bring every file into the house style

Each command works as root and as an ordinary user, and touches nothing outside namespaces of its own.
USAGE
}

say() { printf '%s\n' "build.sh: $*" >&2; }

die() {
    say "$@"
    exit 1
}

# shellcheck source=eng/namespaces.sh
source "$root/eng/namespaces.sh"
# shellcheck source=eng/tests.sh
source "$root/eng/tests.sh"
# shellcheck source=eng/publish.sh
source "$root/eng/publish.sh"
# shellcheck source=eng/image.sh
source "$root/eng/image.sh"

# --- what the machine must have ----------------------------------------------------------------------------------------------------------------

prepare_environment() {
    export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" # Debian leaves these out for ordinary users
    export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false
    export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_SYSTEM_GLOBALIZATION_PREDEFINED_CULTURES_ONLY=0 # a minimal Debian has no libicu
    export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0                                      # leave no build servers behind

    if [[ -n "${TMPDIR:-}" && ! -w "$TMPDIR" ]]; then unset TMPDIR; fi
    if [[ -z "${HOME:-}" || ! -w "${HOME:-/nonexistent}" ]]; then
        HOME="${TMPDIR:-/tmp}/flannel-home-$(id -u)"
        mkdir -p "$HOME"
        export HOME
    fi
    if [[ -n "${DOTNET_CLI_HOME:-}" && ! -w "$DOTNET_CLI_HOME" ]]; then unset DOTNET_CLI_HOME; fi
    compiler="flannel-$$"
    cd "$root"
}

# Prints a new folder for temporary files, which the caller removes; processes of other users may look into it.
make_scratch() {
    local folder
    folder="$(mktemp -d "${TMPDIR:-/tmp}/flannel.XXXXXX")"
    chmod 755 "$folder"
    echo "$folder"
}

# compile <dotnet command> <arguments>: one compiler serves all projects of a build, and ends with it. What the SDK leaves behind goes, too.
compile() (
    local code=0 process scratch
    scratch="$(make_scratch)"
    # shellcheck disable=SC2064
    trap "rm -rf '$scratch' '/tmp/$compiler'" EXIT # the compiler's socket is in /tmp wherever temporary files are
    # A build that has little to do is compiled for most of its time itself: its processes are too short to gain by these.
    export DOTNET_TieredPGO=0 DOTNET_EnableWriteXorExecute=0
    TMPDIR="$scratch" dotnet "$@" -p:UseSharedCompilation=true -p:SharedCompilationId="$compiler" -v:q -nologo "-noWarn:NETSDK1187;NETSDK1188" >&2 || code=$?
    for process in /proc/[0-9]*; do
        if grep -qsz -- "^-pipename:$compiler\$" "$process/cmdline"; then kill "${process#/proc/}" 2>/dev/null || true; fi
    done
    exit "$code"
)

# need <program>:<Debian package> ...
need() {
    local pair program missing=() wanted=()
    for pair in "$@"; do
        program="${pair%%:*}"
        if ! command -v "$program" >/dev/null; then
            missing+=("$program")
            wanted+=("${pair#*:}")
        fi
    done
    if ((${#missing[@]} == 0)); then return; fi

    install_packages "${missing[*]}" "${wanted[@]}"
}

# install_packages <what is missing> <Debian package> ...
install_packages() {
    local missing="$1"
    shift
    if ((EUID != 0)); then die "missing: $missing. Ask root for: apt-get install $*"; fi
    command -v apt-get >/dev/null || die "missing: $missing. Install what provides it (Debian packages: $*)."
    say "installing $*"
    apt-get update -qq >&2 || die "apt-get update failed; missing: $missing (Debian packages: $*)"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null || die "apt-get could not install $*"
}

# wish <program>:<Debian package> ...
# What only some tests want: they skip without it.
wish() {
    (need "$@") || say "tests that want it are skipped"
}

# The plugins that do the work for ours. They are in no folder of PATH.
wish_cni_plugins() {
    if [[ -x /usr/lib/cni/bridge || -x /opt/cni/bin/bridge ]]; then return; fi
    (install_packages "the CNI plugins bridge, host-local and portmap" containernetworking-plugins) || say "what wants them is left out"
}

need_dotnet() {
    command -v dotnet >/dev/null || die "the .NET SDK is missing (dotnet is not on the PATH); global.json says which version: https://dot.net"
}

# NETSDK1187 and 1188 complain of the names of packages' languages, which nobody can look up without ICU.
build() {
    compile msbuild "$1" -restore -maxCpuCount -p:Configuration="$configuration" || die "the build of $1 failed"
}

# The same commit gives the same bytes: files in packages carry the commit's time. Sources without their history have none, and get the time of packing.
pack() {
    local packages="$root/artifacts/packages" time
    time="$(git -c safe.directory="$root" log -1 --format=%ct 2>/dev/null)" || say "git knows no commit here: the packages get the time of packing"
    rm -rf "$packages"
    compile msbuild eng/Packages.proj -restore -maxCpuCount -target:Pack -p:Configuration="$configuration" -p:PackageOutputPath="$packages/" \
        -p:DeterministicTimestamp="$time" || die "packing failed"
    say "made the packages in artifacts/packages"
}

# --- commands ----------------------------------------------------------------------------------------------------------------------------------

main() {
    local command="${1:-}"
    if (($# > 0)); then shift; fi
    case "$command" in
        demo)
            need unshare:util-linux mount:mount
            need_dotnet
            build samples/Orchestrator
            become exec dotnet "$root/samples/Orchestrator/bin/$configuration/net10.0/Orchestrator.dll" "$@"
            ;;
        test)
            (($# <= 1)) || die "test takes one filter at most, or --fast"
            if [[ "${1:-}" == --fast ]]; then
                need_dotnet
                build Flannel.sln
                FLANNEL_TEST_FAST=1 run_tests "" "${full_run_only[@]}"
                return
            fi
            need unshare:util-linux mount:mount ip:iproute2 etcd:etcd-server etcdctl:etcd-client iptables:iptables nft:nftables
            need_dotnet
            build Flannel.sln
            if [[ -z "${1:-}" || "$1" == *lanneld* || "$1" == *ube* || "$1" == *mage* || "$1" == *Cni* ]]; then
                publish # what operators run is what the tests of the console host run
                export FLANNEL_TEST_FLANNELD="$root/artifacts/flanneld/flanneld"
                export FLANNEL_TEST_CNI="$root/artifacts/cni/flannel"
                wish skopeo:skopeo runc:runc
                wish_cni_plugins
                download_image_packages || say "tests of the image are skipped"
                if [[ -n "${FLANNEL_BUILD_KUBE_APISERVER:-}" ]]; then eng/kube-apiserver.sh >&2; fi # else tests that want one are skipped unless it is there already
            fi
            supervise tests "${1:-}"
            ;;
        pack)
            (($# == 0)) || die "pack takes no arguments"
            need_dotnet
            pack
            ;;
        bench)
            need unshare:util-linux mount:mount ip:iproute2 iperf3:iperf3 etcd:etcd-server
            need_dotnet
            local bench=Flannel.Benchmarks
            if [[ "${1:-}" == overlay ]]; then
                bench=OverlayBench
                shift
            fi
            if [[ " $* " == *" attach "* ]]; then wish_cni_plugins; fi
            build "bench/$bench"
            supervise exec dotnet "$root/bench/$bench/bin/$configuration/net10.0/$bench.dll" "$@"
            ;;
        soak)
            need unshare:util-linux mount:mount ip:iproute2 etcd:etcd-server etcdctl:etcd-client nft:nftables iptables:iptables
            need_dotnet
            build tests/Flannel.Soak
            publish
            export FLANNEL_TEST_FLANNELD="$root/artifacts/flanneld/flanneld"
            supervise exec dotnet "$root/tests/Flannel.Soak/bin/$configuration/net10.0/Flannel.Soak.dll" "$@"
            ;;
        publish)
            [[ $# == 0 || ($# == 2 && "$1" == --arch) ]] || die "publish takes --arch x64 or --arch arm64, or nothing"
            need_dotnet
            publish "${2:-}"
            ;;
        image)
            (($# == 0)) || die "image takes no arguments"
            need_dotnet
            download_image_packages fresh || die "without Debian's packages there is no image"
            publish
            image "$root/artifacts/flanneld/flanneld" "$root/artifacts/cni/flannel" "$root/artifacts/flanneld-image.tar"
            say "made artifacts/flanneld-image.tar"
            ;;
        format)
            need_dotnet
            exec dotnet format Flannel.sln "$@"
            ;;
        --inside) inside "$@" ;;
        -h | --help | help) usage ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
}

prepare_environment
main "$@"
