using System.Diagnostics;
using System.Text;
using CustomStore;
using Flannel.Extensibility;
using Flannel.Integration.Tests.Overlay;
using Flannel.Integration.Tests.Tree;
using Flannel.Lab.Namespaces;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Samples;

/// <summary>The sample of a store in a file: processes that race, processes that are killed, nodes.</summary>
public sealed class CustomStoreTests : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-store-");

    private string FilePath => Path.Combine(_folder.FullName, "leases.json");

    // A lock is its file's, so stores of one process keep each other out as those of several do.
    [Fact]
    public async Task Writers_Racing_LoseNoWriteAndGiveNoRevisionTwice()
    {
        const int Writers = 4, Writes = 25;
        StoredEntry[][] written = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            JsonFileLeaseStore store = Open();
            var entries = new List<StoredEntry>();
            for (int i = 0; i < Writes; i++)
                entries.Add((await store.CreateAsync($"10.{writer}.{i}.0-24", Encoding.UTF8.GetBytes("{}"), Hour, CancellationToken.None)).Entry!);
            return entries.ToArray();
        })));

        StoreSnapshot snapshot = await Open().ListAsync(null, CancellationToken.None);
        Assert.Equal(Writers * Writes, snapshot.Revision);
        Assert.Equal(
            Enumerable.Range(1, Writers * Writes).Select(static i => (long)i),
            written.SelectMany(static all => all).Select(static entry => entry.ModRevision).Order());
        Assert.Equal(Writers * Writes, snapshot.Entries.Count);
    }

    /// <summary>Every state that a writer which dies leaves: before the other file, at each byte of it, before and after the rename.</summary>
    [Fact]
    public async Task Kill_BetweenAnyTwoSteps_LeavesTheOldStateOrTheNew()
    {
        await CreateAsync("10.5.1.0-24");
        byte[] before = await File.ReadAllBytesAsync(FilePath);
        await CreateAsync("10.5.2.0-24");
        byte[] after = await File.ReadAllBytesAsync(FilePath);
        for (int length = 0; length <= after.Length; length += 7)
        {
            await File.WriteAllBytesAsync(FilePath, before);
            await File.WriteAllBytesAsync(FilePath + ".next", after[..length]);
            StoreSnapshot old = await Open().ListAsync(null, CancellationToken.None);
            Assert.Equal((1L, "10.5.1.0-24"), (old.Revision, Assert.Single(old.Entries).Key));
            Assert.Equal(2, (await CreateAsync("10.5.3.0-24")).ModRevision);
        }

        await File.WriteAllBytesAsync(FilePath, after);
        Assert.Equal(3, (await CreateAsync("10.5.3.0-24")).ModRevision);
        Assert.False(File.Exists(FilePath + ".next"));
    }

    [Fact]
    public async Task File_ThatIsDamaged_IsNotOverwritten()
    {
        await File.WriteAllTextAsync(FilePath, "{ half");

        StoreException error = await Assert.ThrowsAsync<StoreException>(() => CreateAsync("10.5.1.0-24"));

        Assert.False(error.IsTransient);
        Assert.Contains(FilePath, error.Message, StringComparison.Ordinal);
        Assert.Equal("{ half", await File.ReadAllTextAsync(FilePath));
    }

    [NetnsFact]
    public async Task Processes_OneIsKilledAgainAndAgain_TheOthersAreNeverDisturbed()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 3 });
        await Open().SetConfigAsync("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""", CancellationToken.None);
        await using var node = new OverlayNode(lab.Hosts[0], builder => builder.UseStore(Open()).UseVxlan());
        await node.Node.StartAsync();
        using Process steady = Start(lab.Hosts[1]);
        try
        {
            for (int kill = 0; kill < 4; kill++)
            {
                using Process victim = Start(lab.Hosts[2]);
                await node.UntilAsync(status => status.IsReady && status.Peers.Count >= (kill == 0 ? 1 : 2));
                await Task.Delay(kill * 150); // at another point of its start, or after it
                victim.Kill();
                await victim.WaitForExitAsync();
            }

            await node.UntilAsync(static status => status is { IsReady: true, Peers.Count: 2, QuarantinedCount: 0 });
            Assert.False(steady.HasExited);
            StoreSnapshot snapshot = await Open().ListAsync(null, CancellationToken.None);
            Assert.Equal(3, snapshot.Entries.Select(static entry => entry.Key).Distinct().Count());
        }
        finally
        {
            steady.Kill();
            await steady.WaitForExitAsync();
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private JsonFileLeaseStore Open() => new(FilePath, Interval);

    private async Task<StoredEntry> CreateAsync(string key) =>
        (await Open().CreateAsync(key, Encoding.UTF8.GetBytes("{}"), Hour, CancellationToken.None)).Entry!;

    private Process Start(LabHost host) => Process.Start(new ProcessStartInfo(
        "dotnet",
        [
            "exec",
            Repository.PathOf("samples", "CustomStore", "bin", Repository.Configuration, "net10.0", "CustomStore.dll"),
            FilePath,
            host.NamespaceName,
        ])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
