using System.Net;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.Vxlan.Tests.Support;

/// <summary>
/// Hosts of a lab with a VXLAN network each, and no store between them: a test says who knows whom. Host n has the subnet 10.5.n.0/24 and, with
/// dual stack, fd00:5:0:n::/64.
/// </summary>
internal sealed class VxlanCluster : IAsyncDisposable
{
    private readonly List<VxlanNode> _nodes = [];

    private VxlanCluster(NetworkLab lab) => Lab = lab;

    public NetworkLab Lab { get; }

    public IReadOnlyList<VxlanNode> Nodes => _nodes;

    /// <summary>Makes the lab; networks are created by <see cref="AddNodeAsync"/>.</summary>
    public static VxlanCluster Create(int hosts = 2, bool dualStack = false, int mtu = 1500) =>
        new(NetworkLab.Create(new LabOptions { Hosts = hosts, DualStack = dualStack, Mtu = mtu }));

    /// <summary>A cluster whose hosts all know each other and have the kernel in the desired state.</summary>
    public static async Task<VxlanCluster> StartAsync(
        int hosts = 2, string backend = "", bool ipv4 = true, bool ipv6 = false, VxlanBackendOptions? options = null)
    {
        VxlanCluster cluster = Create(hosts, ipv6);
        try
        {
            foreach (LabHost host in cluster.Lab.Hosts) await cluster.AddNodeAsync(host, backend, ipv4, ipv6, options);
            await cluster.MeetAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async Task<VxlanNode> AddNodeAsync(
        LabHost host, string backend = "", bool ipv4 = true, bool ipv6 = false, VxlanBackendOptions? options = null, LeaseAttributes? previous = null)
    {
        int number = Lab.Hosts.ToList().IndexOf(host) + 1;
        VxlanNode node = await VxlanNode.StartAsync(host, number, ConfigOf(backend, ipv4, ipv6), options, previous);
        _nodes.Add(node);
        return node;
    }

    /// <summary>Tells every node of all others and waits until the kernels have it.</summary>
    public async Task MeetAsync()
    {
        foreach (VxlanNode node in _nodes) node.Network.SetPeers([.. _nodes.Where(other => other != node).Select(static other => other.Lease)]);
        foreach (VxlanNode node in _nodes) await node.WaitForConvergenceAsync();
    }

    public static NetworkConfig ConfigOf(string backend = "", bool ipv4 = true, bool ipv6 = false)
    {
        string networks = (ipv4, ipv6) switch
        {
            (true, false) => "\"Network\":\"10.5.0.0/16\"",
            (false, true) => "\"EnableIPv4\":false,\"EnableIPv6\":true,\"IPv6Network\":\"fd00:5::/48\",\"IPv6SubnetLen\":64",
            _ => "\"EnableIPv6\":true,\"Network\":\"10.5.0.0/16\",\"IPv6Network\":\"fd00:5::/48\",\"IPv6SubnetLen\":64",
        };
        return NetworkConfig.Parse($"{{{networks},\"Backend\":{{\"Type\":\"vxlan\"{(backend.Length == 0 ? "" : "," + backend)}}}}}", "test");
    }

    public static SubnetKey KeyOf(int number, bool ipv4 = true, bool ipv6 = false, int network = 5) => new(
        ipv4 ? IPNetwork.Parse($"10.{network}.{number}.0/24") : null,
        ipv6 ? IPNetwork.Parse($"fd00:{network}:0:{number:x}::/64") : null);

    /// <summary>A lease of a host that is not there, somewhere in 10.5.0.0/16 and on the underlay.</summary>
    public static Lease PeerOf(int number, string? mac = null, string? publicIP = null, int prefixLength = 24)
    {
        int step = 1 << (32 - prefixLength);
        byte[] bytes = [10, 5, 0, 0];
        uint address = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes) + ((uint)number * (uint)step);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, address);
        string text = mac ?? $"02:00:00:{(number >> 16) & 255:x2}:{(number >> 8) & 255:x2}:{number & 255:x2}";
        if (!MacAddress.TryParse(text, out var parsed)) throw new ArgumentException($"{text} is no MAC.", nameof(mac));
        return new Lease
        {
            Key = new SubnetKey(new IPNetwork(new IPAddress(bytes), prefixLength), null),
            CreateRevision = number,
            Attributes = new LeaseAttributes
            {
                PublicIP = IPAddress.Parse(publicIP ?? $"192.168.{101 + (number >> 8)}.{number & 255}"),
                BackendType = "vxlan",
                BackendData = new VxlanLeaseData(1, parsed).ToJson(),
            },
        };
    }

    public async ValueTask DisposeAsync()
    {
        foreach (VxlanNode node in _nodes) await node.DisposeAsync();
        await Lab.DisposeAsync();
    }
}
