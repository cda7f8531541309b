using System.Threading.Channels;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Linux.Traffic;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Linux.Tests.Traffic;

/// <summary>Traffic rules of either kind, kept in the background until disposed, as a node keeps them.</summary>
internal sealed class KeptRules : IAsyncDisposable
{
    internal static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _end = new();
    private readonly Channel<TrafficStatus> _told = Channel.CreateUnbounded<TrafficStatus>();
    private readonly Task _keeping;

    private KeptRules(ITrafficRules rules, TrafficPolicy policy) => _keeping = Task.Run(() => KeepAsync(rules, policy));

    internal static ITrafficRules Create(PacketFilter filter, string? searchPath = null)
    {
        var programs = new ProgramRunner(searchPath ?? ProgramRunner.DefaultSearchPath, TimeProvider.System);
        var keeper = new RuleReconciler(TimeProvider.System, NullLogger<RuleReconciler>.Instance);
        return filter == PacketFilter.Nftables ? new NftablesRules(keeper) : new IptablesRules(programs, keeper);
    }

    /// <summary>Starts keeping and waits until the rules hold.</summary>
    internal static async Task<KeptRules> StartAsync(PacketFilter filter, TrafficPolicy policy, string? searchPath = null)
    {
        KeptRules kept = Start(filter, policy, searchPath);
        Assert.Null((await kept.NextAsync()).Problem);
        return kept;
    }

    internal static KeptRules Start(PacketFilter filter, TrafficPolicy policy, string? searchPath = null) => new(Create(filter, searchPath), policy);

    /// <summary>Keeps until the rules hold for the first time, then leaves them.</summary>
    internal static async Task OnceAsync(PacketFilter filter, TrafficPolicy policy, string? searchPath = null) =>
        await (await StartAsync(filter, policy, searchPath)).DisposeAsync();

    /// <summary>Everything that the packet filters of a host hold, with the numbers that the kernel gives each rule when it is written.</summary>
    internal static Task<string> AllAsync(LabNode host) => host.ExecAsync("nft", "-s", "-a", "list", "ruleset");

    /// <summary>The rules of one kind without numbers and counters. A table that goes meanwhile is not there.</summary>
    internal static Task<string> TextAsync(PacketFilter filter, LabNode host) => host.ExecAsync(
        "sh",
        "-c",
        filter == PacketFilter.Nftables
            ? "nft list tables | grep flannel | sort | while read -r _ family table; do nft -s list table $family $table 2>/dev/null || true; done"
            : "for p in iptables ip6tables; do for t in nat filter; do $p -t $t -S | grep -v '^-P'; done; done; true");

    internal async Task<TrafficStatus> NextAsync() => await _told.Reader.ReadAsync().AsTask().WaitAsync(Deadline);

    internal static async Task EventuallyAsync(Func<Task<string>> read, string expected)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        string found = await read();
        while (found != expected)
        {
            Assert.False(deadline.IsCancellationRequested, $"Not within {Deadline}:\n{expected}\nbut still:\n{found}");
            await Task.Delay(20);
            found = await read();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _keeping.WaitAsync(Deadline);
        _end.Dispose();
    }

    private async Task KeepAsync(ITrafficRules rules, TrafficPolicy policy)
    {
        try
        {
            await foreach (TrafficStatus status in rules.KeepAsync(policy, _end.Token))
                _told.Writer.TryWrite(status);
            _told.Writer.TryComplete(new InvalidOperationException("The sequence ended by itself."));
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            _told.Writer.TryComplete();
        }
        catch (Exception exception)
        {
            _told.Writer.TryComplete(exception);
            throw;
        }
    }
}
