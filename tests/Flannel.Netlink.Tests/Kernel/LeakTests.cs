using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Tests.Netfilter;

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

        AssertNoMoreThan(descriptors);
    });

    [SkippableFact]
    public void Open_Refused_LeavesNoDescriptor() => IsolatedNamespace.Run(() =>
    {
        int descriptors = CountSockets();
        for (int i = 0; i < 100; i++)
            Assert.Throws<NetlinkException>(() => NetlinkSocket.Open(NetlinkProtocol.Route, new NetlinkSocketOptions { Groups = [4711] }));

        AssertNoMoreThan(descriptors);
    });

    private static void UseOnce()
    {
        using RouteNetlink netlink = RouteNetlink.Open();
        using RouteMonitor monitor = RouteMonitor.Open();
        netlink.GetLinks();
        using NftablesNetlink nftables = NftablesNetlink.Open();
        nftables.Execute(GuardTable.Add());
        Assert.ThrowsAny<OperationCanceledException>(
            () => monitor.WatchAsync(new CancellationToken(canceled: true)).GetAsyncEnumerator().MoveNextAsync().AsTask().GetAwaiter().GetResult());
    }

    /// <summary>Waits for what ends a little later. There may be less than before: what earlier tests left to the garbage collector.</summary>
    private static void AssertNoMoreThan(int sockets) => Assert.True(
        SpinWait.SpinUntil(() => CountSockets() <= sockets && CountMonitorThreads() == 0, TimeSpan.FromSeconds(30)),
        $"{CountSockets()} sockets instead of {sockets}, {CountMonitorThreads()} threads of monitors");

    private static int CountSockets() => Count(
        Directory.GetFiles("/proc/self/fd"),
        path => File.ResolveLinkTarget(path, returnFinalTarget: false)?.Name ?? "",
        target => target.StartsWith("socket:", StringComparison.Ordinal) || target.Contains("eventfd", StringComparison.Ordinal));

    private static int CountMonitorThreads() => Count(
        Directory.GetDirectories("/proc/self/task"),
        task => File.ReadAllText($"{task}/comm"),
        name => name.StartsWith("rtnetlink", StringComparison.Ordinal));

    private static int Count(string[] paths, Func<string, string> read, Func<string, bool> counts) => paths.Count(path =>
    {
        try
        {
            return counts(read(path));
        }
        catch (IOException)
        {
            return false; // it ended while we looked
        }
    });
}
