#!/usr/bin/env bash
# Builds outside, then runs inside fresh namespaces: the machine's own interfaces, routes and filters are out of reach of everything started here.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
configuration=Release
test_budget=1020        # seconds for the whole test run; with the build it stays under 20 minutes
project_budget=780      # seconds for one test project
hang_limit=10m          # for one test

usage() {
    cat <<'USAGE'
usage: ./build.sh <command> [arguments]

  demo [options]     build an overlay of several hosts in one process and ping through it (--hosts N, --dual-stack, --keep, --json, --help)
  test [filter]      run all tests, or those whose full name contains the filter
  bench [options]    measure, side by side with the same work done by hand
  bench overlay      measure the overlays against each other: packets between containers of two hosts (--quick, --help)
  pack               make the NuGet packages with their symbols in artifacts/packages
  publish            make artifacts/flanneld/flanneld, the console host as one file that needs no .NET
  format             bring every file into the house style

Each command works as root and as an ordinary user, and touches nothing outside namespaces of its own.
USAGE
}

say() { printf '%s\n' "build.sh: $*" >&2; }

die() {
    say "$@"
    exit 1
}

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
    cd "$root"
}

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

    if ((EUID != 0)); then
        die "missing: ${missing[*]}. Ask root for: apt-get install ${wanted[*]}"
    fi
    command -v apt-get >/dev/null || die "missing: ${missing[*]}. Install what provides them (Debian packages: ${wanted[*]})."
    say "installing ${wanted[*]}"
    apt-get update -qq >&2 || die "apt-get update failed; missing: ${missing[*]} (Debian packages: ${wanted[*]})"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null ||
        die "apt-get could not install ${wanted[*]}"
}

need_dotnet() {
    command -v dotnet >/dev/null || die "the .NET SDK is missing (dotnet is not on the PATH); global.json says which version: https://dot.net"
}

# NETSDK1187 and 1188 complain of the names of packages' languages, which nobody can look up without ICU.
build() {
    dotnet msbuild "$1" -restore -maxCpuCount -p:Configuration="$configuration" -v:q -nologo "-noWarn:NETSDK1187;NETSDK1188" >&2 ||
        die "the build of $1 failed"
}

# The folder is made anew: what an earlier publish left there would look like a part of this one.
publish() {
    local output="$root/artifacts/flanneld"
    rm -rf "$output"
    dotnet publish src/Flanneld -c "$configuration" --use-current-runtime -o "$output" -v:q -nologo "-noWarn:NETSDK1187;NETSDK1188" >&2 ||
        die "the publish of src/Flanneld failed"
    say "made artifacts/flanneld/flanneld"
}

# The same commit gives the same bytes: files in packages carry the commit's time. Sources without their history have none, and get the time of packing.
pack() {
    local packages="$root/artifacts/packages" time
    time="$(git -c safe.directory="$root" log -1 --format=%ct 2>/dev/null)" || say "git knows no commit here: the packages get the time of packing"
    rm -rf "$packages"
    dotnet msbuild eng/Packages.proj -restore -maxCpuCount -target:Pack -p:Configuration="$configuration" -p:PackageOutputPath="$packages/" \
        -p:DeterministicTimestamp="$time" -v:q -nologo "-noWarn:NETSDK1187;NETSDK1188" >&2 || die "packing failed"
    say "made the packages in artifacts/packages"
}

# --- namespaces --------------------------------------------------------------------------------------------------------------------------------

# Sets the array 'enter' to the unshare command that works here. With "tree" the processes get a PID namespace as well, so that all of them die together;
# where /proc cannot be mounted (some containers) they do without.
choose_namespaces() {
    local flags
    local -a plain=(-nm -Urnm) tree=(--pid --fork --kill-child --mount-proc)
    if ((EUID != 0)); then plain=(-Urnm); fi
    for flags in "${plain[@]}"; do
        if [[ "$1" == tree ]] && unshare "$flags" "${tree[@]}" true 2>/dev/null; then
            enter=(unshare "$flags" "${tree[@]}")
            return
        fi
        if unshare "$flags" true 2>/dev/null; then
            enter=(unshare "$flags")
            return
        fi
    done

    if ((EUID == 0)); then
        die "unshare cannot make network and mount namespaces here: CAP_SYS_ADMIN is missing. In a container, start it with --privileged or --cap-add SYS_ADMIN."
    fi
    die "this kernel refuses user namespaces to ordinary users. Run as root, or have root allow them:" \
        "sysctl kernel.unprivileged_userns_clone=1 (Debian), sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), sysctl user.max_user_namespaces=10000"
}

# Runs first inside the new namespaces. A /run of our own keeps named network namespaces private; they vanish with our last process, however it ends.
inside() {
    [[ -n "${FLANNEL_OUTER_MOUNTS:-}" && "$(readlink /proc/self/ns/mnt)" != "$FLANNEL_OUTER_MOUNTS" ]] || die "--inside is for build.sh itself"
    unset FLANNEL_OUTER_MOUNTS
    mount -t tmpfs -o mode=755 flannel /run
    mkdir -p /run/netns /run/lock
    if command -v ip >/dev/null; then ip link set lo up; fi
    case "$1" in
        exec) exec "${@:2}" ;;
        tests) run_tests "${2:-}" ;;
        *) die "--inside $1 is unknown" ;;
    esac
}

outer_mounts() { readlink /proc/self/ns/mnt; }

# Becomes the program: every signal, Ctrl+C among them, reaches it directly and its exit code is ours.
become() {
    local -a enter
    choose_namespaces plain
    FLANNEL_OUTER_MOUNTS="$(outer_mounts)" exec "${enter[@]}" bash "$root/build.sh" --inside "$@"
}

# Runs a tree of processes that need no chance to clean up, since all they make is inside: an interrupt kills the whole tree at once.
supervise() {
    local -a enter
    local code=0
    choose_namespaces tree
    set -m # a process group of its own, so that it can be killed as one
    FLANNEL_OUTER_MOUNTS="$(outer_mounts)" setpriv --pdeathsig KILL "${enter[@]}" bash "$root/build.sh" --inside "$@" </dev/null &
    local group=$!
    set +m
    # shellcheck disable=SC2064
    trap "kill -KILL -- -$group 2>/dev/null || true; wait $group 2>/dev/null || true" EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    wait "$group" || code=$?
    return "$code"
}

# --- tests -------------------------------------------------------------------------------------------------------------------------------------

# One line per project, failing tests with their messages, and the sum as the last line. A project that crashes, hangs or runs nothing counts as one failure.
run_tests() {
    local filter="$1" results project passed=0 failed=0 skipped=0
    local -a options=()
    if [[ "$filter" == *[=~]* ]]; then
        options=(--filter "$filter")
    elif [[ -n "$filter" ]]; then
        options=(--filter "FullyQualifiedName~$filter")
    fi
    results="$(mktemp -d)"
    # shellcheck disable=SC2064
    trap "rm -rf '$results'" EXIT

    for project in "$root"/tests/*.Tests; do
        run_project "$(basename "$project")"
    done

    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    ((failed == 0 && passed > 0))
}

# Adds to passed, failed and skipped of run_tests.
run_project() {
    local name="$1" log="$results/$1.log" code=0 started=$SECONDS limit=$((test_budget - SECONDS)) summary
    local p=0 f=0 s=0
    if ((limit > project_budget)); then limit=$project_budget; fi
    if ((limit < 1)); then limit=1; fi

    timeout --kill-after=10 "$limit" dotnet test "$root/tests/$name/bin/$configuration/net10.0/$name.dll" \
        --logger "console;verbosity=minimal" --blame-hang-timeout "$hang_limit" --blame-hang-dump-type none --results-directory "$results" \
        "${options[@]}" >"$log" 2>&1 || code=$?

    # 'Failed!  - Failed:     1, Passed:    19, Skipped:     0, Total:    20, Duration: 30 s - X.dll (net10.0)'
    summary="$(grep -E '^(Passed|Failed|Skipped)! +- Failed: ' "$log" | tail -n 1 || true)"
    if [[ "$summary" =~ Failed:\ +([0-9]+),\ Passed:\ +([0-9]+),\ Skipped:\ +([0-9]+) ]]; then
        f=${BASH_REMATCH[1]} p=${BASH_REMATCH[2]} s=${BASH_REMATCH[3]}
    fi

    if ((code == 124 || code == 137)); then
        f=$((f + 1))
        echo "$name was ended after $limit s"
    elif ((code != 0 && f == 0)); then
        f=1
        echo "$name ended with code $code without a failing test"
    elif ((p + f + s == 0)) && [[ -z "$filter" ]]; then
        f=1
        echo "$name ran no test"
    fi
    if ((f > 0)); then grep -vE '^(Test run for|VSTest version|A total of|Starting test execution|Passed! |Failed! |\[xUnit)' "$log" || true; fi

    printf '%-34s %5d passed %5d failed %5d skipped %5d s\n' "$name" "$p" "$f" "$s" $((SECONDS - started))
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
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
            (($# <= 1)) || die "test takes one filter at most"
            need unshare:util-linux mount:mount ip:iproute2 etcd:etcd-server etcdctl:etcd-client iptables:iptables nft:nftables
            need_dotnet
            build Flannel.sln
            if [[ -z "${1:-}" || "$1" == *lanneld* ]]; then
                publish # what operators run is what the tests of the console host run
                export FLANNEL_TEST_FLANNELD="$root/artifacts/flanneld/flanneld"
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
            build "bench/$bench"
            supervise exec dotnet "$root/bench/$bench/bin/$configuration/net10.0/$bench.dll" "$@"
            ;;
        publish)
            (($# == 0)) || die "publish takes no arguments"
            need_dotnet
            publish
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
