using System.Net;

namespace Flannel.Benchmarks.Labs;

/// <summary>A host with etcd, and hosts beside it that reach it over a wire of their own.</summary>
internal sealed class EtcdLab : IDisposable
{
    private static readonly IPAddress EtcdAddress = IPAddress.Parse("172.31.255.254");
    private static readonly IPAddress FarEnd = IPAddress.Parse("172.31.255.253");

    private readonly Lab _lab;
    private readonly LabHost _server;

    private EtcdLab(Lab lab, LabHost server, EtcdUnderTest etcd) => (_lab, _server, Etcd) = (lab, server, etcd);

    public EtcdUnderTest Etcd { get; }

    /// <summary>Starts etcd in a namespace of its own.</summary>
    public static async Task<EtcdLab> StartAsync(Lab lab, string role, CancellationToken cancellationToken)
    {
        LabHost server = lab.Add(role + "-etcd");
        server.AddAddress("lo", EtcdAddress, 32);
        return new EtcdLab(lab, server, await EtcdUnderTest.StartAsync(server, EtcdAddress, cancellationToken));
    }

    /// <summary>Adds a host at <see cref="LabHost.LoneAddress"/>; one at a time.</summary>
    public LabHost AddHost(string role) => AddHost(_lab, _server, role);

    /// <summary>Adds a host that a server's host reaches over a wire.</summary>
    public static LabHost AddHost(Lab lab, LabHost server, string role)
    {
        LabHost host = lab.Add(role);
        host.Join(LabHost.ExternalInterface, server, LabHost.ExternalInterface, 1500);
        host.AddAddress(LabHost.ExternalInterface, LabHost.LoneAddress, 12);
        server.AddAddress(LabHost.ExternalInterface, FarEnd, 12);
        return host;
    }

    public void Dispose() => Etcd.Dispose();
}
