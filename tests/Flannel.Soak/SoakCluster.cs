using System.Net;
using Flannel.Lab.Etcd;
using Flannel.Lab.Namespaces;
using Flannel.Soak.Agents;
using Flannel.Soak.Probes;

namespace Flannel.Soak;

/// <summary>Hosts with agents and containers, an etcd of three members on a host beside them, and the probes between all containers.</summary>
internal sealed class SoakCluster : IAsyncDisposable
{
    public static readonly IPNetwork Network = IPNetwork.Parse("10.5.0.0/16");

    private readonly NetworkLab _lab;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-soak-");

    private SoakCluster(NetworkLab lab, EtcdServer etcd, SoakOptions options)
    {
        (_lab, Etcd) = (lab, etcd);
        Config = $$"""{"Network":"{{Network}}","Backend":{"Type":"{{options.Backend}}"} }""";
        Agents = [.. lab.Hosts.Take(options.Hosts).Select(host => new SoakAgent(host, etcd, _folder.FullName, options))];
    }

    public EtcdServer Etcd { get; }

    public string Config { get; }

    public IReadOnlyList<SoakAgent> Agents { get; }

    public ProbeMesh? Mesh { get; private set; }

    public static async Task<SoakCluster> StartAsync(SoakOptions options)
    {
        NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = options.Hosts + 1 });
        SoakCluster cluster;
        try
        {
            cluster = new SoakCluster(lab, await EtcdServer.StartAsync(new EtcdOptions { Members = 3, Host = lab.Hosts[^1] }), options);
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }

        try
        {
            await cluster.Etcd.RunAsync("put", "/coreos.com/network/config", cluster.Config);
            foreach (SoakAgent agent in cluster.Agents) agent.Launch();
            foreach (SoakAgent agent in cluster.Agents) await agent.WaitForFirstLeaseAsync();
            cluster.Mesh = ProbeMesh.Start([.. cluster.Agents.Select(static agent => agent.Container!)], options.Duration + TimeSpan.FromMinutes(10));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Why the cluster is not as it should be, or <see langword="null"/>.</summary>
    public async Task<string?> FindProblemAsync()
    {
        foreach (SoakAgent agent in Agents)
        {
            if (await agent.FindProblemAsync(Agents) is { } problem) return $"{agent.Host.NamespaceName} ({agent.Host.Address}): {problem}";
        }

        string[] wanted = [.. Agents.Select(static agent => $"/coreos.com/network/subnets/{agent.Subnet.BaseAddress}-{agent.Subnet.PrefixLength}")
            .Order(StringComparer.Ordinal)];
        string[] found = [.. (await Etcd.RunAsync("get", "--prefix", "--keys-only", "/coreos.com/network/subnets/")).Split(
            '\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
        return wanted.SequenceEqual(found)
            ? null
            : $"leases in etcd: missing {string.Join(", ", wanted.Except(found))}; extra {string.Join(", ", found.Except(wanted))}";
    }

    public async ValueTask DisposeAsync()
    {
        Mesh?.Dispose();
        foreach (SoakAgent agent in Agents) await agent.DisposeAsync();
        await Etcd.DisposeAsync();
        await _lab.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
