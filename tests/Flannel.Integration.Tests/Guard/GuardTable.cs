using Flannel.Lab.Namespaces;

namespace Flannel.Integration.Tests.Guard;

/// <summary>The guard's tables of a host, as nft shows them.</summary>
internal static class GuardTable
{
    public const string IPv4 = "flannel-guard-ipv4-lab";
    public const string IPv6 = "flannel-guard-ipv6-lab";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>The tables of this name without what they counted, one after the other; <see langword="null"/> if there is none.</summary>
    public static async Task<string?> ReadAsync(LabHost host, string table = IPv4)
    {
        string[] tables = (await host.ExecAsync("nft", "list", "tables")).Split('\n');
        string text = "";
        foreach (string family in (string[])["inet", "netdev"])
        {
            // A table may go after it was listed.
            if (tables.Contains($"table {family} {table}"))
                text += await host.ExecAsync("sh", "-c", $"nft -s list table {family} {table} 2>/dev/null || true");
        }

        return text.Length == 0 ? null : text;
    }

    /// <summary>Waits until the table is as wanted.</summary>
    public static async Task<string?> UntilAsync(LabHost host, Func<string?, bool> isWanted, string table = IPv4)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            string? found = await ReadAsync(host, table);
            if (isWanted(found)) return found;
            if (limit.IsCancellationRequested) throw new TimeoutException($"The table stayed: {found ?? "none"}");
            await Task.Delay(20, CancellationToken.None);
        }
    }
}
