using Flannel.Extensibility;
using Flannel.Lab.Namespaces;

namespace Flannel.Linux.Tests.Testing;

/// <summary>Alone, because every lab sweeps: one that is made meanwhile would take the leftover away while it is still being made.</summary>
[CollectionDefinition(nameof(NetworkLabSweepTests), DisableParallelization = true)]
[Collection(nameof(NetworkLabSweepTests))]
public class NetworkLabSweepTests
{
    [NetnsFact]
    public async Task Create_LeftoverOfADeadProcess_IsSwept()
    {
        // No process has an id above the limit of the kernel (2^22).
        string own = new FileInfo("/proc/self/ns/pid").LinkTarget!["pid:[".Length..^1];
        string leftover = $"flt-{own}-{(1 << 22) + 1 + Random.Shared.Next(1_000_000)}-abc-h1";
        string foreign = $"flt-1-{(1 << 22) + 1 + Random.Shared.Next(1_000_000)}-abc-h1";
        NetworkNamespace.Create(leftover).Dispose();
        NetworkNamespace.Create(foreign).Dispose();
        try
        {
            await using var lab = NetworkLab.Create(new LabOptions { Hosts = 0 });

            Assert.DoesNotContain(leftover, NetworkNamespace.List());
            Assert.Contains(foreign, NetworkNamespace.List());
        }
        finally
        {
            NetworkNamespace.Delete(foreign);
        }
    }
}
