using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Netlink;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;

namespace Flannel.Linux.Traffic;

/// <summary>One policy's rules in nftables: a table per address family that holds nothing else and is replaced as a whole.</summary>
[SupportedOSPlatform("linux")]
internal sealed class NftablesRuleSet : IRuleSet
{
    private readonly TrafficPolicy _policy;
    private readonly NftablesTable[] _tables;
    private readonly HashSet<NftablesTable> _removed = [];
    private readonly Dictionary<NftablesTable, NftablesState> _kept = [];
    private readonly Func<NftablesNetlink, NftablesTable, NftablesState?> _read;
    private NftMasqueradeFlags _ports;

    /// <param name="policy">What to keep.</param>
    /// <param name="randomPorts">What the kernel is asked for where source ports are to be drawn at random.</param>
    /// <param name="read">What the kernel tells of a table; null for this kernel.</param>
    public NftablesRuleSet(
        TrafficPolicy policy,
        NftMasqueradeFlags randomPorts = NftMasqueradeFlags.RandomFully,
        Func<NftablesNetlink, NftablesTable, NftablesState?>? read = null)
    {
        _read = read ?? NftablesState.Read;
        var names = new TrafficNames(policy.NetworkName);
        _policy = policy;
        _tables = [new NftablesTable(policy, names, AddressFamily.InterNetwork), new NftablesTable(policy, names, AddressFamily.InterNetworkV6)];
        _ports = policy.RandomFully ? randomPorts : NftMasqueradeFlags.None;
    }

    /// <inheritdoc/>
    public bool Concerns(NftablesChange change) => Array.Exists(_tables, table => table.Name == change.Table);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> RepairAsync(CancellationToken cancellationToken) =>
        ChangeAsync(isRemoval: false, (nftables, table) => table.IsWanted ? Repair(nftables, table) : null, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> CleanUpAsync(CancellationToken cancellationToken) =>
        ChangeAsync(isRemoval: true, (nftables, table) => table.IsWanted ? null : RemoveOnce(nftables, table), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> RemoveAsync(CancellationToken cancellationToken) => ChangeAsync(isRemoval: true, Remove, cancellationToken);

    /// <summary>The kernel answers at once, so nothing here waits.</summary>
    private Task<IReadOnlyList<string>> ChangeAsync(
        bool isRemoval, Func<NftablesNetlink, NftablesTable, string?> change, CancellationToken cancellationToken)
    {
        List<string> changed = [];
        try
        {
            using NftablesNetlink nftables = NetworkNamespace.Run(_policy.NetworkNamespace, static () => NftablesNetlink.Open());
            foreach (NftablesTable table in _tables)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (change(nftables, table) is { } done)
                    changed.Add(done);
            }

            return Task.FromResult<IReadOnlyList<string>>(changed);
        }
        catch (NetlinkException exception) when (isRemoval && IsWithoutNftables(exception))
        {
            return Task.FromResult<IReadOnlyList<string>>([]); // it holds nothing
        }
        catch (NetlinkException exception)
        {
            throw new TrafficRulesException(
                $"The nftables rules of {NetworkName.Within(_policy.NetworkName)} cannot be {(isRemoval ? "removed" : "kept")}: " +
                $"{exception.Message}", isTransient: true, exception);
        }
    }

    /// <summary>What a kernel without nfnetlink says to the socket, and one without nf_tables to the first question.</summary>
    private static bool IsWithoutNftables(NetlinkException exception) =>
        exception is { RequestIndex: null } and ({ IsNotSupported: true } or { ErrorName: "EINVAL" });

    private string? Repair(NftablesNetlink nftables, NftablesTable table)
    {
        NftablesState? found = _read(nftables, table);
        NftablesState wanted = table.Wanted(_ports);
        if (IsRight(table, wanted, found))
            return null;
        try
        {
            nftables.Execute(NftablesTable.Replacement(wanted));
        }
        catch (NetlinkException exception) when (IsRandomRefused(exception))
        {
            _ports = NftMasqueradeFlags.None; // kernels before 3.14 draw no ports at random
            wanted = table.Wanted(_ports);
            if (IsRight(table, wanted, found))
                return null;
            nftables.Execute(NftablesTable.Replacement(wanted));
        }

        Keep(table, wanted, _read(nftables, table));
        return RuleListing.Describe(table.Title, table.Describe(wanted), found is null ? null : table.Describe(found));
    }

    private bool IsRandomRefused(NetlinkException exception) =>
        _ports != NftMasqueradeFlags.None && _policy.Masquerade && exception is { RequestIndex: not null, ErrorName: "EINVAL" or "EOPNOTSUPP" };

    private bool IsRight(NftablesTable table, NftablesState wanted, NftablesState? found) =>
        found is not null && (found == wanted || (_kept.TryGetValue(table, out NftablesState? kept) && found == kept));

    /// <summary>
    /// Another kernel may tell a rule differently than it was told, and one before 5.10 keeps no comments. What is read right after writing counts as
    /// right from then on, unless it has more or less than was written: then somebody else was quicker.
    /// </summary>
    private void Keep(NftablesTable table, NftablesState wanted, NftablesState? written)
    {
        if (written is null || (written.Chains.Length, written.Rules.Length, written.Others.Length) != (wanted.Chains.Length, wanted.Rules.Length, 0))
        {
            throw new TrafficRulesException(
                $"The nftables table {table.Name} was changed by somebody else as soon as it was written. It is tried again.", isTransient: true);
        }

        _kept[table] = written;
    }

    private string? RemoveOnce(NftablesNetlink nftables, NftablesTable table)
    {
        if (_removed.Contains(table))
            return null;
        string? done = Remove(nftables, table);
        _removed.Add(table);
        return done;
    }

    private static string? Remove(NftablesNetlink nftables, NftablesTable table)
    {
        try
        {
            nftables.Execute(table.Removal());
            return $"{table.Title} was left from an earlier configuration";
        }
        catch (NetlinkException exception) when (exception.IsNotFound)
        {
            return null;
        }
    }
}
