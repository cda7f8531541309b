using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Flannel.Netlink.Interop;

namespace Flannel.Netlink.Tests.Kernel;

/// <summary>
/// Runs code on a thread of its own in a network namespace of its own, which has no name and disappears with the thread and the sockets made
/// in it. Sockets opened there may be used from any thread.
/// </summary>
internal static partial class IsolatedNamespace
{
    private const int NewNetwork = 0x40000000; // CLONE_NEWNET

    private static readonly Lazy<string?> Obstacle = new(() =>
    {
        if (Environment.GetEnvironmentVariable("FLANNEL_TEST_FAST") is not (null or ""))
            return "left to the full run (FLANNEL_TEST_FAST is set)";

        string? problem = null;
        RunOnThread(() => problem = unshare(NewNetwork) == 0
            ? null
            : $"a network namespace needs CAP_SYS_ADMIN: {LinuxErrno.NameOf(Marshal.GetLastPInvokeError())}");
        return problem;
    });

    /// <summary>Skips the test when the process may not make network namespaces.</summary>
    internal static void Run(Action body)
    {
        Skip.If(Obstacle.Value is not null, Obstacle.Value);
        RunOnThread(() =>
        {
            if (unshare(NewNetwork) != 0)
                throw new InvalidOperationException($"unshare: {LinuxErrno.NameOf(Marshal.GetLastPInvokeError())}");
            body();
        });
    }

    private static void RunOnThread(Action body)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                body();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);
}
