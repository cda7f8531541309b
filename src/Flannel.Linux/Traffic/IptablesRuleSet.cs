using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Flannel.Extensibility;
using Flannel.Netlink.Netfilter;

namespace Flannel.Linux.Traffic;

/// <summary>One policy's rules in iptables and ip6tables: a chain per table and family that holds nothing else, and the jump to it.</summary>
[SupportedOSPlatform("linux")]
internal sealed partial class IptablesRuleSet(TrafficPolicy policy, ProgramRunner programs) : IRuleSet
{
    private const string Package = "iptables";

    // iptables(8): 1 is also 'no such chain'; 3 is a kernel without the table.
    private const int NoSuchChain = 1;
    private const int NoSuchTable = 3;

    private static readonly Version FirstWithRandomFully = new(1, 6, 2); // and the first whose iptables-restore waits for the lock

    private readonly IReadOnlyList<IptablesChain> _chains = IptablesChain.All(policy);
    private readonly HashSet<IptablesChain> _removed = [];
    private readonly Dictionary<IptablesChain, string[]> _spellings = [];
    private readonly HashSet<IptablesChain> _written = [];
    private bool? _isModern;

    /// <inheritdoc/>
    public bool Concerns(NftablesChange change) => _chains.Any(chain =>
        chain.Table == change.Table && (change.Chain is null || change.Chain == chain.Name || change.Chain == chain.Parent));

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> RepairAsync(CancellationToken cancellationToken)
    {
        // Reading is many short runs of a program, and a node that starts waits for them: they are made at once.
        IptablesChain[] chains = [.. _chains.Where(static chain => chain.IsWanted)];
        if (chains.Length == 0)
            return [];
        Task<bool> isModern = _isModern is { } known ? Task.FromResult(known) : IsModernAsync(cancellationToken);
        Task<ChainListing[]> reading = Task.WhenAll(chains.Select(chain => ReadAsync(chain, isWanted: true, cancellationToken)));
        await Task.WhenAll(isModern, reading).ConfigureAwait(false);
        _isModern = await isModern.ConfigureAwait(false);
        List<string> repaired = [];
        foreach ((IptablesChain chain, ChainListing listing) in chains.Zip(await reading.ConfigureAwait(false)))
        {
            if (await RepairAsync(chain, listing, cancellationToken).ConfigureAwait(false) is { } done)
                repaired.Add(done);
        }

        return repaired;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> CleanUpAsync(CancellationToken cancellationToken)
    {
        await LearnSpellingsAsync(cancellationToken).ConfigureAwait(false);
        return await RemoveAsync([.. _chains.Where(chain => !chain.IsWanted && !_removed.Contains(chain))], cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> RemoveAsync(CancellationToken cancellationToken) => RemoveAsync(_chains, cancellationToken);

    private async Task<IReadOnlyList<string>> RemoveAsync(IReadOnlyList<IptablesChain> chains, CancellationToken cancellationToken)
    {
        List<string> removed = [];
        if (chains.Count == 0)
            return removed;
        try
        {
            _isModern ??= await IsModernAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (MissingProgramException)
        {
            return removed; // nobody has written rules with a program that is not there
        }

        foreach (IptablesChain chain in chains)
        {
            ChainListing listing = await ReadAsync(chain, isWanted: false, cancellationToken).ConfigureAwait(false);
            if (await RemoveAsync(chain, listing, cancellationToken).ConfigureAwait(false) is { } done)
                removed.Add(done);
            _removed.Add(chain);
        }

        return removed;
    }

    /// <summary>Lists a chain and its parent. A chain that is not wanted is not there if its program or its table is missing.</summary>
    private async Task<ChainListing> ReadAsync(IptablesChain chain, bool isWanted, CancellationToken cancellationToken)
    {
        try
        {
            Task<string[]?> own = ListAsync(chain, chain.Name, cancellationToken, isTableOptional: !isWanted);
            Task<string[]?> parent = ListAsync(chain, chain.Parent, cancellationToken, isTableOptional: !isWanted);
            await Task.WhenAll(own, parent).ConfigureAwait(false);
            return new ChainListing(await own.ConfigureAwait(false), await parent.ConfigureAwait(false) ?? []);
        }
        catch (MissingProgramException) when (!isWanted)
        {
            return new ChainListing(null, []); // nobody has written rules with a program that is not there
        }
    }

    private async Task<string?> RepairAsync(IptablesChain chain, ChainListing listing, CancellationToken cancellationToken)
    {
        bool randomFully = policy.RandomFully && _isModern == true;
        string[] wanted = chain.Listing(randomFully);
        (string[]? found, string[] parent) = listing;
        bool isChainRight = found is not null
            && (found.SequenceEqual(wanted) || (_spellings.TryGetValue(chain, out string[]? spelling) && found.SequenceEqual(spelling)));
        bool isJumpRight = parent.Contains(chain.Jump) && !chain.Surplus(parent).Any();
        if (isChainRight && isJumpRight)
            return null;

        await WriteAsync(chain, chain.Replacement(!isChainRight, parent, randomFully), cancellationToken).ConfigureAwait(false);
        if (!isChainRight)
            _written.Add(chain);
        return isChainRight
            ? RuleListing.Describe($"{chain.Parent} of table {chain.Table}", [chain.Jump], [.. parent.Where(chain.Owns)])
            : RuleListing.Describe($"{chain.Name} of table {chain.Table}", wanted, found);
    }

    /// <summary>As for nftables: what is listed right after writing is how this release of iptables spells what was written.</summary>
    private async Task LearnSpellingsAsync(CancellationToken cancellationToken)
    {
        foreach (IptablesChain chain in _written.ToArray())
        {
            string[]? listed = await ListAsync(chain, chain.Name, cancellationToken).ConfigureAwait(false);
            _written.Remove(chain);
            if (listed?.Length != chain.Listing(randomFully: false).Length)
            {
                throw new TrafficRulesException(
                    $"The iptables chain {chain.Name} was changed by somebody else as soon as it was written. It is tried again.", isTransient: true);
            }

            _spellings[chain] = listed;
        }
    }

    private async Task<string?> RemoveAsync(IptablesChain chain, ChainListing listing, CancellationToken cancellationToken)
    {
        if (listing.Own is null && !listing.Parent.Any(chain.Owns))
            return null;
        await WriteAsync(chain, chain.Removal(listing.Own is not null, listing.Parent), cancellationToken).ConfigureAwait(false);
        return $"{chain.Name} of table {chain.Table} was left from an earlier configuration";
    }

    private async Task WriteAsync(IptablesChain chain, string input, CancellationToken cancellationToken)
    {
        string[] arguments = _isModern == true ? ["--noflush", "-w"] : ["--noflush"];
        ProgramResult result = await RunAsync(ProgramOf(chain) + "-restore", arguments, input, cancellationToken).ConfigureAwait(false);
        result.OutputOf($"Writing {chain.Name} of the iptables table {chain.Table}");
    }

    /// <returns><see langword="null"/> if there is no such chain.</returns>
    private async Task<string[]?> ListAsync(IptablesChain chain, string name, CancellationToken cancellationToken, bool isTableOptional = false)
    {
        string[] arguments = ["-w", "-t", chain.Table, "-S", name];
        ProgramResult result = await RunAsync(ProgramOf(chain), arguments, input: null, cancellationToken).ConfigureAwait(false);
        bool isAbsent = result.ExitCode == NoSuchChain || (isTableOptional && result.ExitCode == NoSuchTable);
        return isAbsent ? null : RuleListing.Lines(result.OutputOf($"Reading {name} of the iptables table {chain.Table}"));
    }

    private async Task<bool> IsModernAsync(CancellationToken cancellationToken)
    {
        ProgramResult result = await RunAsync("iptables", ["--version"], input: null, cancellationToken).ConfigureAwait(false);
        Match version = VersionText().Match(result.Output);
        return !version.Success || Version.Parse(version.Groups[1].ValueSpan) >= FirstWithRandomFully;
    }

    private static string ProgramOf(IptablesChain chain) => chain.Family == AddressFamily.InterNetwork ? "iptables" : "ip6tables";

    private Task<ProgramResult> RunAsync(string program, IReadOnlyList<string> arguments, string? input, CancellationToken cancellationToken) =>
        programs.RunAsync(policy.NetworkNamespace, program, Package, arguments, input, cancellationToken);

    [GeneratedRegex(@"v(\d+\.\d+\.\d+)")]
    private static partial Regex VersionText();

    /// <summary>What was found of one chain: its own listing, or <see langword="null"/> if it is not there, and its parent's.</summary>
    private sealed record ChainListing(string[]? Own, string[] Parent);
}
