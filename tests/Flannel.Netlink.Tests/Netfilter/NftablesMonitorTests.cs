using System.Diagnostics;
using System.Threading.Channels;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Tables;
using Flannel.Netlink.Tests.Kernel;

namespace Flannel.Netlink.Tests.Netfilter;

/// <summary>Against a real kernel in a namespace of its own, with nft to make the changes.</summary>
public class NftablesMonitorTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [SkippableFact]
    public void Wait_EveryKindOfChange_IsToldWithItsPlace() => Lab.Run(_ =>
    {
        List<NftablesChange> told = [];
        using NftablesMonitor monitor = NftablesMonitor.Open(change =>
        {
            lock (told)
                told.Add(change);
            return change == new NftablesChange("last", null);
        });
        Nft("add table ip one");
        Nft("add chain ip one two");
        Nft("add rule ip one two accept");
        Nft("flush ruleset");
        Nft("add table ip last");

        Wait(monitor);

        lock (told)
        {
            Assert.Equal(
                [
                    new("one", null), new("one", "two"), new("one", "two"),
                    new("one", "two"), new("one", "two"), new("one", null),
                    new("last", null),
                ],
                told);
        }
    });

    [SkippableTheory]
    [InlineData("add set ip one two { type ipv4_addr; }")]
    [InlineData("delete set ip one full")]
    [InlineData("add element ip one full { 192.0.2.2 }")]
    [InlineData("delete element ip one full { 192.0.2.1 }")]
    [InlineData("flush set ip one full")]
    [InlineData("add counter ip one two")]
    [InlineData("delete counter ip one count")]
    public void Wait_ChangeOfASetOrCounter_IsTold(string change) => Lab.Run(_ =>
    {
        Nft("add table ip one");
        Nft("add set ip one full { type ipv4_addr; elements = { 192.0.2.1 }; }");
        Nft("add counter ip one count");
        using NftablesMonitor monitor = NftablesMonitor.Open(static told => told == new NftablesChange("one", null));

        Nft(change);

        Wait(monitor);
    });

    [SkippableFact]
    public void Wait_ChangesThatDoNotConcern_AreNotTold() => Lab.Run(_ =>
    {
        using NftablesMonitor monitor = NftablesMonitor.Open(change => change.Table == "ours");
        Nft("add table ip theirs");
        using var end = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        Assert.ThrowsAny<OperationCanceledException>(() => monitor.WaitAsync(end.Token).AsTask().GetAwaiter().GetResult());
        Nft("add table ip ours");

        Wait(monitor);
    });

    [SkippableFact]
    public void Wait_IgnoredPortId_TellsWhatOthersChange() => Lab.Run(_ =>
    {
        List<NftablesChange> told = [];
        using var own = NftablesNetlink.Open();
        using NftablesMonitor monitor = NftablesMonitor.Open(
            change =>
            {
                lock (told)
                    told.Add(change);
                return true;
            },
            own.PortId);
        var batch = new NftablesBatch();
        batch.ReplaceTable(new NftTable(NftFamily.Inet, "own"));
        own.Execute(batch);
        Nft("add table ip theirs");

        Wait(monitor);

        lock (told)
            Assert.Equal([new("theirs", null)], told);
    });

    [Fact]
    public void Open_IgnoredPortIdIsZero_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => NftablesMonitor.Open(ignoredPortId: 0));

    [SkippableFact]
    public void Dispose_EndsTheWait() => Lab.Run(_ =>
    {
        NftablesMonitor monitor = NftablesMonitor.Open();
        Task waiting = monitor.WaitAsync(default).AsTask();

        monitor.Dispose();
        monitor.Dispose();

        Assert.Throws<ChannelClosedException>(() => waiting.WaitAsync(Deadline).GetAwaiter().GetResult());
    });

    private static void Wait(NftablesMonitor monitor) => monitor.WaitAsync(default).AsTask().WaitAsync(Deadline).GetAwaiter().GetResult();

    private static void Nft(string command)
    {
        using Process nft = Process.Start("nft", command.Split(' '));
        nft.WaitForExit();
        Assert.Equal(0, nft.ExitCode);
    }
}
