using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Netlink.Netfilter;

namespace Flannel.Linux.Traffic;

/// <summary>One policy's rules in nftables: a table per address family that holds nothing else and is replaced as a whole.</summary>
[SupportedOSPlatform("linux")]
internal sealed class NftablesRuleSet : IRuleSet
{
    private const string Program = "nft";
    private const string Package = "nftables";

    // strerror(3) of ENOENT and of EOPNOTSUPP and EPROTONOSUPPORT.
    private static readonly string[] Absence = ["No such file or directory", "not supported"];

    private readonly TrafficPolicy _policy;
    private readonly ProgramRunner _programs;
    private readonly NftablesTable[] _tables;
    private readonly HashSet<NftablesTable> _removed = [];
    private readonly Dictionary<NftablesTable, string[]> _spellings = [];
    private NftablesDialect? _dialect;

    public NftablesRuleSet(TrafficPolicy policy, ProgramRunner programs)
    {
        var names = new TrafficNames(policy.NetworkName);
        (_policy, _programs) = (policy, programs);
        _tables = [new NftablesTable(policy, names, AddressFamily.InterNetwork), new NftablesTable(policy, names, AddressFamily.InterNetworkV6)];
    }

    private NftablesDialect Best => new(HasComments: true, _policy.RandomFully);

    /// <inheritdoc/>
    public bool Concerns(NftablesChange change) => Array.Exists(_tables, table => table.Name == change.Table);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> RepairAsync(CancellationToken cancellationToken)
    {
        List<string> repaired = [];
        foreach (NftablesTable table in _tables)
        {
            string? done = table.IsWanted
                ? await RepairAsync(table, cancellationToken).ConfigureAwait(false)
                : await RemoveOnceAsync(table, cancellationToken).ConfigureAwait(false);
            if (done is not null)
                repaired.Add(done);
        }

        return repaired;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> RemoveAsync(CancellationToken cancellationToken)
    {
        List<string> removed = [];
        try
        {
            foreach (NftablesTable table in _tables)
            {
                if (await RemoveAsync(table, cancellationToken).ConfigureAwait(false) is { } done)
                    removed.Add(done);
            }
        }
        catch (MissingProgramException)
        {
            // nobody has written rules with a program that is not there
        }

        return removed;
    }

    private async Task<string?> RepairAsync(NftablesTable table, CancellationToken cancellationToken)
    {
        string[]? found = await ListAsync(table, cancellationToken).ConfigureAwait(false);
        if (IsRight(table, found, _dialect ?? Best))
            return null;

        _dialect ??= await ProbeAsync(table, cancellationToken).ConfigureAwait(false);
        NftablesDialect dialect = _dialect ?? Best;
        if (IsRight(table, found, dialect))
            return null;

        ProgramResult written = await RunAsync(["-f", "-"], table.Replacement(dialect), cancellationToken).ConfigureAwait(false);
        written.OutputOf($"Writing the nftables table {table.Name}");
        LearnSpelling(table, dialect, await ListAsync(table, cancellationToken).ConfigureAwait(false));
        return RuleListing.Describe($"table {table.Keyword} {table.Name}", RuleListing.Lines(table.Listing(dialect)), found);
    }

    private bool IsRight(NftablesTable table, string[]? found, NftablesDialect dialect) =>
        found is not null
        && (found.SequenceEqual(RuleListing.Lines(table.Listing(dialect)))
            || (_spellings.TryGetValue(table, out string[]? spelling) && found.SequenceEqual(spelling)));

    /// <summary>
    /// Other releases of nft may spell a rule differently when they list it. What is listed right after writing counts as right from then on, unless
    /// it has more or fewer lines than were written: then somebody else was quicker.
    /// </summary>
    private void LearnSpelling(NftablesTable table, NftablesDialect dialect, string[]? listed)
    {
        if (listed is null || listed.Length != RuleListing.Lines(table.Listing(dialect)).Length)
        {
            throw new TrafficRulesException(
                $"The nftables table {table.Name} was changed by somebody else as soon as it was written. It is tried again.", isTransient: true);
        }

        _spellings[table] = listed;
    }

    /// <summary>Finds out by dry runs what nft and the kernel understand.</summary>
    /// <returns><see langword="null"/> if they refuse everything, which writing will then report.</returns>
    private async Task<NftablesDialect?> ProbeAsync(NftablesTable table, CancellationToken cancellationToken)
    {
        NftablesDialect best = Best;
        NftablesDialect[] candidates =
            [best, best with { HasComments = false }, best with { RandomFully = false }, new NftablesDialect(HasComments: false, RandomFully: false)];
        foreach (NftablesDialect candidate in candidates.Distinct())
        {
            ProgramResult result = await RunAsync(["-c", "-f", "-"], table.Replacement(candidate), cancellationToken).ConfigureAwait(false);
            if (result.ExitCode == 0)
                return candidate;
        }

        return null;
    }

    private async Task<string?> RemoveOnceAsync(NftablesTable table, CancellationToken cancellationToken)
    {
        if (_removed.Contains(table))
            return null;
        string? done = await RemoveAsync(table, cancellationToken).ConfigureAwait(false);
        _removed.Add(table);
        return done;
    }

    private async Task<string?> RemoveAsync(NftablesTable table, CancellationToken cancellationToken)
    {
        if (await ListAsync(table, cancellationToken).ConfigureAwait(false) is null)
            return null;
        ProgramResult removed = await RunAsync(["-f", "-"], table.Removal, cancellationToken).ConfigureAwait(false);
        removed.OutputOf($"Removing the nftables table {table.Name}");
        return $"table {table.Keyword} {table.Name} was left from an earlier configuration";
    }

    /// <returns><see langword="null"/> if there is no such table, or nothing in the kernel that could hold one.</returns>
    private async Task<string[]?> ListAsync(NftablesTable table, CancellationToken cancellationToken)
    {
        string[] arguments = ["-s", "list", "table", table.Keyword, table.Name];
        ProgramResult result = await RunAsync(arguments, input: null, cancellationToken).ConfigureAwait(false);
        bool isAbsent = result.ExitCode != 0 && Array.Exists(Absence, words => result.Errors.Contains(words, StringComparison.Ordinal));
        return isAbsent ? null : RuleListing.Lines(result.OutputOf($"Reading the nftables table {table.Name}"));
    }

    private Task<ProgramResult> RunAsync(IReadOnlyList<string> arguments, string? input, CancellationToken cancellationToken) =>
        _programs.RunAsync(_policy.NetworkNamespace, Program, Package, arguments, input, cancellationToken);
}
