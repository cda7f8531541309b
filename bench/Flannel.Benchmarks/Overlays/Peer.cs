using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;

namespace Flannel.Benchmarks.Overlays;

/// <summary>A host of the overlay, real or imagined.</summary>
internal sealed record Peer
{
    /// <summary>The network configuration that all peers fit into.</summary>
    public const string NetworkConfig = """{"Network":"10.0.0.0/8","SubnetLen":24,"Backend":{"Type":"vxlan"}}""";

    /// <summary>The subnet of the host that is measured; no peer has it.</summary>
    public static readonly IPNetwork OwnSubnet = IPNetwork.Parse("10.255.254.0/24");

    /// <summary>The key of <see cref="OwnSubnet"/>.</summary>
    public static readonly SubnetKey OwnKey = new(OwnSubnet, null);

    private const uint FirstSubnet = 0x0A01_0000; // 10.1.0.0
    private const uint FirstHost = 0xAC10_0100; // 172.16.1.0

    /// <summary>Makes a peer up.</summary>
    /// <param name="number">0 to 65000; other numbers give other peers.</param>
    public Peer(int number)
        : this(
            new IPNetwork(ToAddress(FirstSubnet + ((uint)number << 8)), 24),
            ToAddress(FirstHost + (uint)number),
            new PhysicalAddress([0x0E, 0, 0, (byte)(number >> 16), (byte)(number >> 8), (byte)number])) => Number = number;

    /// <summary>Describes a host.</summary>
    /// <param name="subnet">Its subnet.</param>
    /// <param name="host">Its address outside the overlay.</param>
    /// <param name="mac">The MAC of its VXLAN device.</param>
    public Peer(IPNetwork subnet, IPAddress host, PhysicalAddress mac)
    {
        (Subnet, Host, Mac) = (subnet, host, mac);
        MacText = string.Join(':', mac.GetAddressBytes().Select(static value => value.ToString("x2", CultureInfo.InvariantCulture)));
        Lease = new Lease
        {
            Key = new SubnetKey(subnet, null),
            Attributes = new LeaseAttributes { PublicIP = host, BackendType = "vxlan", BackendData = $$"""{"VNI":1,"VtepMAC":"{{MacText}}"}""" },
        };
    }

    public int Number { get; }

    public IPNetwork Subnet { get; }

    public IPAddress Host { get; }

    public PhysicalAddress Mac { get; }

    /// <summary>The MAC as <c>ip</c> and leases have it.</summary>
    public string MacText { get; }

    /// <summary>What the host publishes.</summary>
    public Lease Lease { get; }

    /// <summary>What the host publishes in a network whose backend is udp, which does not even name itself.</summary>
    public Lease UdpLease => new() { Key = Lease.Key, Attributes = new LeaseAttributes { PublicIP = Host } };

    /// <summary>The host that is measured, at an address.</summary>
    public static Peer Own(IPAddress host) => new(OwnSubnet, host, new PhysicalAddress([0x0E, 0xFF, 0, 0, 0, 1]));

    /// <summary>Makes the peers up to a number.</summary>
    public static IReadOnlyList<Peer> Make(int count) => [.. Enumerable.Range(0, count).Select(static number => new Peer(number))];

    private static IPAddress ToAddress(uint value) => new([(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value]);
}
