# shellcheck shell=bash
# Sourced by build.sh: runs the test projects, a few at a time, each in namespaces of its own, and adds up what they say.

test_budget=3000 # seconds for the whole test run, which takes a quarter of it: something hangs, or the machine is very busy
project_budget=2400 # seconds for one test project
hang_limit=10m # for one test, of which one compiles a native program; what hangs is named

# The projects that take longest start first, so that none of them runs alone at the end. The tests of one run one after the other and wait most of the
# time, so it runs as two parts, side by side: what follows the colon says which of its tests.
slowest_projects=(
    Flannel.Integration.Tests:~.Overlay. Flannel.Integration.Tests:!~.Overlay.
    Flannel.Store.Etcd.Tests Flannel.Backends.Udp.Tests Flannel.Simulation.Tests)

# In a fast run, whose tests need no namespaces and no etcd, these take longest.
slowest_projects_of_fast_run=(
    Flannel.Core.Tests Flannel.Store.Kubernetes.Tests Flannel.Cni.Tests Flannel.Testing.Tests Flannel.Backends.Udp.Tests)

# What needs a namespace, an etcd or the SDK is left to the full run; tests skip it when the variable is set. No test of this project could run at all.
full_run_only=(Flannel.Integration.Tests)

# run_tests <filter> <projects to leave out> ...
# One line per project, failing tests with their messages, and the sum as the last line. A project that crashes, hangs or runs nothing counts as one failure.
run_tests() {
    local filter="$1" results name running=0 lanes=2 passed=0 failed=0 skipped=0
    local -A names=()
    if [[ -n "$filter" && "$filter" != *[=~]* ]]; then filter="FullyQualifiedName~$filter"; fi
    if (($(nproc) < lanes)); then lanes=1; fi
    if [[ -n "${FLANNEL_TEST_FAST:-}" ]]; then
        slowest_projects=("${slowest_projects_of_fast_run[@]}")
        lanes=$((lanes * 2)) # the tests of one project wait half of the time
        # Most of what so short a process costs is compiling: no method is compiled a second time, to be measured or optimised, and no page of code changes
        # between writable and executable. The full run tests what is optimised.
        export DOTNET_TC_CallCounting=0 DOTNET_TieredPGO=0 DOTNET_EnableWriteXorExecute=0 DOTNET_gcConcurrent=0
        project_budget=600
    fi
    if [[ -n "${FLANNEL_STRESS_AGENTS:-}" ]]; then hang_limit=15m; fi # one test, as long as it was asked to be
    results="$(mktemp -d)"
    # shellcheck disable=SC2064
    trap "jobs -p | xargs -r kill 2>/dev/null; rm -rf '$results'" EXIT

    while read -r name; do
        if [[ " ${*:2} " == *" ${name%%:*} "* ]]; then continue; fi
        if ((running == lanes)); then collect_project; fi
        run_project "$name" >"$results/$name.out" &
        names[$!]="$name"
        running=$((running + 1))
    done < <(list_projects)
    while ((running > 0)); do collect_project; done

    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    ((failed == 0 && passed > 0))
}

list_projects() {
    local project
    printf '%s\n' "${slowest_projects[@]}"
    for project in "$root"/tests/*.Tests; do
        project="$(basename "$project")"
        if [[ " ${slowest_projects[*]%%:*} " != *" $project "* ]]; then echo "$project"; fi
    done
}

# Waits for the next project to end, prints what it said and adds to passed, failed and skipped of run_tests.
collect_project() {
    local pid name p=0 f=1 s=0
    wait -n -p pid || true
    name="${names[$pid]}"
    running=$((running - 1))
    cat "$results/$name.out"
    if ! read -r p f s <"$results/$name.counts"; then echo "$name: its lane broke"; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# Runs one project, or a part of it, and leaves its numbers in a file.
run_project() {
    local name="$1" project="${1%%:*}" log="$results/$1.log" code=0 started=$SECONDS limit=$((test_budget - SECONDS)) summary
    local p=0 f=0 s=0
    local -a isolated=() options=() blame=(--blame-hang-timeout "$hang_limit" --blame-hang-dump-type none) settings=()
    if [[ "$name" == *:* ]]; then
        options=(--filter "${filter:+($filter)&}FullyQualifiedName${name#*:}")
    elif [[ -n "$filter" ]]; then
        options=(--filter "$filter")
    fi
    if ((limit > project_budget)); then limit=$project_budget; fi
    if ((limit < 1)); then limit=1; fi
    if [[ -z "${FLANNEL_TEST_FAST:-}" ]]; then
        isolated=(env "FLANNEL_OUTER_MOUNTS=$(outer_mounts)" unshare -nm bash "$root/build.sh" --inside exec)
    else
        # The collector that ends and names what hangs is a process that costs a third of a small project. Here xUnit names it, and the budget ends it.
        blame=() settings=(-- xUnit.DiagnosticMessages=true xUnit.LongRunningTestSeconds=60)
    fi

    # Processes that are killed would leave their sockets for diagnostics behind.
    DOTNET_EnableDiagnostics=0 timeout --kill-after=10 "$limit" "${isolated[@]}" dotnet test "$root/tests/$project/bin/$configuration/net10.0/$project.dll" \
        --logger "console;verbosity=minimal" "${blame[@]}" --results-directory "$results/$name" "${options[@]}" "${settings[@]}" >"$log" 2>&1 </dev/null &
    # shellcheck disable=SC2064
    trap "kill $! 2>/dev/null" TERM
    wait $! || code=$?

    # 'Failed!  - Failed:     1, Passed:    19, Skipped:     0, Total:    20, Duration: 30 s - X.dll (net10.0)'
    summary="$(grep -E '^(Passed|Failed|Skipped)! +- Failed: ' "$log" | tail -n 1 || true)"
    if [[ "$summary" =~ Failed:\ +([0-9]+),\ Passed:\ +([0-9]+),\ Skipped:\ +([0-9]+) ]]; then
        f=${BASH_REMATCH[1]} p=${BASH_REMATCH[2]} s=${BASH_REMATCH[3]}
    fi

    if ((code == 124 || code == 137)); then
        f=$((f + 1))
        echo "$name was ended after $limit s"
        grep -F '[Long Running Test]' "$log" || true
    elif ((code != 0 && f == 0)); then
        f=1
        echo "$name ended with code $code without a failing test"
    elif ((p + f + s == 0)) && [[ -z "$filter" ]]; then
        f=1
        echo "$name ran no test"
    fi
    if ((f > 0)); then grep -vE '^(  Skipped |Data collector|Test run for|VSTest version|A total of|Starting test execution|Passed! |Failed! |\[xUnit)' "$log" || true; fi

    printf '%-40s %5d passed %5d failed %5d skipped %5d s\n' "$name" "$p" "$f" "$s" $((SECONDS - started))
    echo "$p $f $s" >"$results/$name.counts"
}
