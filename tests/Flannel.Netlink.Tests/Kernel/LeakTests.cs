using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Netlink.Tests.Kernel;

/// <summary>Alone, because it counts what the whole process has open.</summary>
[CollectionDefinition(nameof(LeakTests), DisableParallelization = true)]
[Collection(nameof(LeakTests))]
public class LeakTests
{
    [SkippableFact]
    public void OpenUseAndDispose_ManyTimes_LeavesNoDescriptorAndNoThread() => IsolatedNamespace.Run(() =>
    {
        UseOnce();
        int descriptors = CountSockets();
        for (int i = 0; i < 100; i++)
            UseOnce();

        Assert.Equal(descriptors, CountSockets());
        Assert.Equal(0, CountMonitorThreads());
    });

    [SkippableFact]
    public void Open_Refused_LeavesNoDescriptor() => IsolatedNamespace.Run(() =>
    {
        int descriptors = CountSockets();
        for (int i = 0; i < 100; i++)
            Assert.Throws<NetlinkException>(() => NetlinkSocket.Open(NetlinkProtocol.Route, new NetlinkSocketOptions { Groups = [4711] }));

        Assert.Equal(descriptors, CountSockets());
    });

    private static void UseOnce()
    {
        using RouteNetlink netlink = RouteNetlink.Open();
        using RouteMonitor monitor = RouteMonitor.Open();
        netlink.GetLinks();
        Assert.ThrowsAny<OperationCanceledException>(
            () => monitor.WatchAsync(new CancellationToken(canceled: true)).GetAsyncEnumerator().MoveNextAsync().AsTask().GetAwaiter().GetResult());
    }

    private static int CountSockets() => Directory.GetFiles("/proc/self/fd")
        .Select(path => File.ResolveLinkTarget(path, returnFinalTarget: false)?.Name ?? "")
        .Count(target => target.StartsWith("socket:", StringComparison.Ordinal) || target.Contains("eventfd", StringComparison.Ordinal));

    private static int CountMonitorThreads() => Directory.GetDirectories("/proc/self/task")
        .Count(task => File.Exists($"{task}/comm") && File.ReadAllText($"{task}/comm").StartsWith("rtnetlink", StringComparison.Ordinal));
}
