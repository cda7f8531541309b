# shellcheck shell=bash
# Sourced by build.sh: fresh namespaces for everything that touches a network. The machine's own interfaces, routes and filters are out of reach inside.

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
    local code=0 scratch
    choose_namespaces tree
    scratch="$(make_scratch)"
    export TMPDIR="$scratch"
    set -m # a process group of its own, so that it can be killed as one
    FLANNEL_OUTER_MOUNTS="$(outer_mounts)" setpriv --pdeathsig KILL "${enter[@]}" bash "$root/build.sh" --inside "$@" </dev/null &
    local group=$!
    set +m
    # shellcheck disable=SC2064
    trap "kill -KILL -- -$group 2>/dev/null || true; wait $group 2>/dev/null || true; rm -rf '$scratch'" EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    wait "$group" || code=$?
    return "$code"
}
