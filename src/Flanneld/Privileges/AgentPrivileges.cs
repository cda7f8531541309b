using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Flanneld.Interop;
using static Flanneld.Interop.Libc;
using static Flanneld.Interop.LinuxCapability;

namespace Flanneld.Privileges;

/// <summary>
/// What the agent may do once it runs: change links, routes and packet filters (CAP_NET_ADMIN), run iptables-legacy, which opens a raw socket
/// (CAP_NET_RAW), read credentials that belong to somebody else (CAP_DAC_READ_SEARCH), and listen on a port below 1024, for health checks or udp's
/// tunnel (CAP_NET_BIND_SERVICE), if it may. Everything else is given up for good, by the programs that it starts as well.
/// </summary>
internal static class AgentPrivileges
{
    private const uint Kept = 1u << CAP_DAC_READ_SEARCH | 1u << CAP_NET_BIND_SERVICE | 1u << CAP_NET_ADMIN | 1u << CAP_NET_RAW;

    /// <summary>Gives up the rest. To be called before the process has other threads than the runtime's.</summary>
    /// <returns>Why it was not possible, or <see langword="null"/>.</returns>
    public static string? Reduce()
    {
        // Privileges are a thread's (capabilities(7)), and a new thread has those of the one that starts it: this one. The runtime's thread for
        // finalizers is there already.
        string? problem = ReduceThread();
        return problem ?? ReduceFinalizerThread();
    }

    private static string? ReduceFinalizerThread()
    {
        var outcome = new FinalizerOutcome();
        Leave(outcome);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return outcome.Problem;

        // In a method that has returned nothing refers to the object any more.
        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Leave(FinalizerOutcome outcome) => _ = new OnFinalizerThread(outcome);
    }

    private static unsafe string? ReduceThread()
    {
        // Setuid programs and file capabilities gain nothing any more. The programs of packet filters need neither.
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Failed("PR_SET_NO_NEW_PRIVS");

        var header = new __user_cap_header_struct { version = _LINUX_CAPABILITY_VERSION_3 };
        __user_cap_data_struct* sets = stackalloc __user_cap_data_struct[2];
        if (capget(&header, sets) != 0) return Failed("capget");

        // Without CAP_SETPCAP, under a service manager that left it out, the bounding set stays as it was made there.
        for (int capability = 0; prctl(PR_CAPBSET_READ, (nuint)capability, 0, 0, 0) is var isBounding and >= 0; capability++)
        {
            if (isBounding == 1 && !IsKept(capability) && prctl(PR_CAPBSET_DROP, (nuint)capability, 0, 0, 0) != 0) break;
        }

        uint held = sets[0].permitted | sets[0].inheritable;
        if ((held & ~Kept) == 0 && (sets[1].permitted | sets[1].inheritable) == 0) return null; // a filter of system calls may refuse even this
        sets[0] = new __user_cap_data_struct
        {
            effective = sets[0].effective & Kept,
            permitted = sets[0].permitted & Kept,
            inheritable = sets[0].inheritable & Kept,
        };
        sets[1] = default;
        return capset(&header, sets) == 0 ? null : Failed("capset");
    }

    private static bool IsKept(int capability) => capability < 32 && (Kept >> capability & 1) != 0;

    private static string Failed(string call) => $"{call}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}";

    private sealed class FinalizerOutcome
    {
        public string? Problem { get; set; } = "the thread for finalizers did not answer";
    }

    private sealed class OnFinalizerThread(FinalizerOutcome outcome)
    {
        ~OnFinalizerThread() => outcome.Problem = ReduceThread();
    }
}
