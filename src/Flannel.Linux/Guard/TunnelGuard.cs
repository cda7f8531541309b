using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading.Channels;
using Flannel.Linux.Diagnostics;
using Flannel.Linux.Guard;
using Flannel.Linux.Traffic;
using Flannel.Netlink;
using Flannel.Netlink.Netfilter;
using Microsoft.Extensions.Logging;

namespace Flannel.Extensibility;

/// <summary>
/// Keeps strangers out of the tunnel of one address family: a table of nftables whose sets hold the peers. Peers are let in before entries lead to
/// them and out after that. The table stays when the process ends, as the data path does; whoever changes it, it is put right.
/// </summary>
/// <remarks>
/// Thread-safe, but for <see cref="RunAsync"/>, which runs once at a time. A kernel that refuses is told in <see cref="Status"/>; nothing throws.
/// </remarks>
[SupportedOSPlatform("linux")]
[Experimental(ExperimentalApi.KernelBackends)]
public sealed partial class TunnelGuard : IDisposable
{
    private const int RemovalAttempts = 3;
    private static readonly TimeSpan Lull = TimeSpan.FromMilliseconds(100);

    private readonly GuardedTunnel _tunnel;
    private readonly NetworkFamily _family;
    private readonly GuardOptions _options;
    private readonly string _name;
    private readonly string[] _formerNames; // of an address family that the network has no more
    private readonly string _network;
    private readonly TimeSpan _resyncInterval;
    private readonly HostKernel _host;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>Wakes the loop for those that left: one transaction for many, at a time when nobody waits for a route.</summary>
    private readonly ITimer _lull;

    /// <summary>At most one wake-up of the loop is pending.</summary>
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Lock _gate = new();

    // Guarded by _gate. What callers say is worked off by whoever writes next, so that they do not wait for it.
    private readonly Queue<Action<GuardMembers>> _said = [];
    private long _lastSaid;
    private long _lastWritten;
    private bool _isKnown;
    private bool _isReleased;
    private bool _isLull;

    private readonly Lock _writing = new();

    // Guarded by _writing, which is taken before _gate.
    private readonly GuardMembers _members = new();
    private NftablesNetlink? _netlink;
    private GuardTable? _table;
    private uint? _generation;
    private IPNetwork? _ownSubnet;
    private bool _hasWritten;

    private Action _onStatusChanged = static () => { };
    private volatile GuardStatus? _status;

    /// <summary>Starts with a wish; the kernel is not asked before <see cref="Close"/> or the first peers.</summary>
    /// <param name="tunnel">What to guard.</param>
    /// <param name="family">The address family.</param>
    /// <param name="network">The network and what may pass.</param>
    /// <param name="host">The host's kernel; not disposed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to log.</param>
    public TunnelGuard(GuardedTunnel tunnel, NetworkFamily family, BackendContext network, HostKernel host, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(tunnel);
        ArgumentNullException.ThrowIfNull(family);
        ArgumentNullException.ThrowIfNull(network);
        (_tunnel, _family, _options, _host, _time, _logger) = (tunnel, family, network.Guard, host, time, logger);
        (_network, _resyncInterval) = (NetworkName.Of(network.NetworkName), network.ResyncInterval);
        var names = new TrafficNames(network.NetworkName);
        _name = names.GuardTable(family.Family);
        IReadOnlyList<NetworkFamily> families = NetworkFamily.From(network);
        AddressFamily[] known = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];
        _formerNames = [.. known.Where(one => families.All(held => held.Family != one)).Select(names.GuardTable)];
        _status = _options.Enabled ? new GuardStatus() : null;
        _lull = time.CreateTimer(static guard => ((TunnelGuard)guard!).EndLull(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The address family.</summary>
    public NetworkFamily Family => _family;

    /// <summary>The condition of the guard; <see langword="null"/> if there is to be none.</summary>
    public GuardStatus? Status => _status;

    /// <summary>
    /// Lets nobody in until the first peers are known, on a host where nothing flows yet. A guard that is there already stays as it is: an earlier
    /// process left it, with the peers of that moment.
    /// </summary>
    public void Close()
    {
        if (!_options.Enabled) return;
        lock (_writing)
        {
            Try(() =>
            {
                if (Find_NeedsLock().Count == 0) WriteWhole_NeedsLock([]);
            });
        }
    }

    /// <summary>
    /// Guards the tunnel's device, which was made again and is not set up yet: kernels before 6.16 took the chain at it away with the former one.
    /// Nothing changes before there is a guard.
    /// </summary>
    internal void Attach()
    {
        if (!_options.Enabled) return;
        lock (_writing)
        {
            Try(() =>
            {
                if (_table is not null) WriteWhole_NeedsLock([.. _members.Wanted, .. _members.Surplus]);
                else if (Find_NeedsLock().Contains(NftFamily.NetDevice) && Netlink_NeedsLock().GetChains(NftFamily.NetDevice, _name).Count == 0)
                    WriteWhole_NeedsLock([]);
            });
        }
    }

    /// <summary>Says what the host has.</summary>
    /// <param name="ownSubnet">The host's own subnet.</param>
    /// <param name="onStatusChanged">Called when <see cref="Status"/> changed.</param>
    public void Start(IPNetwork ownSubnet, Action onStatusChanged)
    {
        lock (_writing) (_ownSubnet, _table, _onStatusChanged) = (ownSubnet, null, onStatusChanged);
    }

    /// <summary>Replaces all peers. Before the first call nothing is changed for anybody.</summary>
    /// <param name="peers">Every peer; read later, on another thread.</param>
    public void SetPeers(IReadOnlyCollection<GuardedPeer> peers)
    {
        Say(members => members.Replace(peers));
        Wake();
    }

    /// <summary>Changes the peers: with the next <see cref="Admit"/> or after <see cref="Expel"/>, and within 5 s if neither is called.</summary>
    /// <param name="removals">Those that are none any more.</param>
    /// <param name="upserts">Those that came or changed.</param>
    public void ChangePeers(IReadOnlyCollection<SubnetKey> removals, IReadOnlyCollection<GuardedPeer> upserts) => Say(members =>
    {
        foreach (GuardedPeer peer in upserts) members.Put(peer);
        foreach (SubnetKey key in removals) members.Remove(key);
    });

    /// <summary>Returns when the peers that came are let in. Call it before entries lead to them.</summary>
    public void Admit()
    {
        lock (_gate)
        {
            if (_lastWritten == _lastSaid) return; // does not wait for the loop, which may be looking at what others did
        }

        lock (_writing) Try(Write_NeedsLock);
    }

    /// <summary>Says that no entry leads any more to the peers that left: they are let out soon.</summary>
    public void Expel()
    {
        lock (_gate)
        {
            if (_isReleased) return;
            _isReleased = true;
            _lastSaid++;
            if (_isLull) return; // from the first one on, or peers that go on leaving would put it off for ever
            _isLull = true;
        }

        _lull.Change(Lull, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Has the loop write what was said.</summary>
    internal void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Removes the guard. The loop has ended.</summary>
    public void Remove()
    {
        lock (_writing)
        {
            lock (_gate) _isKnown = false;
            _table = null;
            for (int attempts = 0; attempts < RemovalAttempts && !Try(() => Delete_NeedsLock([_name])); attempts++)
            {
                // Others change something at the same moment.
            }
        }
    }

    /// <summary>Leaves the guard in the kernel and closes what is open. The loop has ended.</summary>
    public void Dispose()
    {
        _lull.Dispose();
        lock (_writing)
        {
            _netlink?.Dispose();
            _netlink = null;
        }
    }

    private void Say(Action<GuardMembers> change)
    {
        if (!_options.Enabled) return;
        lock (_gate)
        {
            _said.Enqueue(change);
            _lastSaid++;
            (_isKnown, _isReleased) = (true, false);
        }
    }

    private void EndLull()
    {
        lock (_gate) _isLull = false;
        Wake();
    }

    private NftablesNetlink Netlink_NeedsLock() => _netlink ??= _host.Run(static () => NftablesNetlink.Open());

    /// <summary>Does something to the kernel, and says in the status what came of it.</summary>
    /// <returns>Whether it was done.</returns>
    private bool Try(Action action)
    {
        try
        {
            action();
            Report(problem: null);
            return true;
        }
        catch (NetlinkException refusal)
        {
            _table = null; // whatever is there now, the next write replaces it
            Report(Describe(refusal));
            return false;
        }
    }

    /// <summary>A kernel without nf_tables does not know the requests (EINVAL) and not the transactions (EOPNOTSUPP).</summary>
    private static bool IsUnknown(NetlinkException refusal) => refusal.IsNotSupported
        || (refusal.ErrorName == "EINVAL" && refusal.Operation.StartsWith("NFT_MSG_GET", StringComparison.Ordinal));

    private static string Describe(NetlinkException refusal)
    {
        string cause = IsUnknown(refusal) ? "the kernel has no nf_tables (modprobe nf_tables loads it, if there is such a module)" : refusal.Message;
        return $"the tunnel is not guarded, so whoever reaches its port reaches the containers: {cause}. The overlay carries traffic all the " +
            "same; to have it so, turn the guard off (FlannelOptions.Guard.Enabled; flanneld: -guard=false)";
    }

    private void Report(string? problem)
    {
        if (_status is not { } before || before.Problem == problem) return;
        _status = before with { Problem = problem };
        if (problem is not null) Log.Failing(_logger, _network, problem);
        else Log.HoldsAgain(_logger, _network);
        _onStatusChanged();
    }
}
