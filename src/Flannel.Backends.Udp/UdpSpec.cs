using System.Net.Sockets;
using Flannel.Extensibility;

namespace Flannel.Backends.Udp;

/// <summary>What the network should be.</summary>
internal sealed record UdpSpec
{
    /// <summary>The address families, IPv4 first.</summary>
    public required IReadOnlyList<NetworkFamily> Families { get; init; }

    /// <summary>The UDP port of all hosts.</summary>
    public required int Port { get; init; }

    /// <summary>This host's own choices.</summary>
    public required UdpBackendOptions Options { get; init; }

    /// <summary>What the guard lets pass.</summary>
    public GuardOptions Guard { get; init; } = new();

    /// <summary>Whether peers may send packets from outside their subnets.</summary>
    public bool AcceptsForeignSources => Options.AcceptForeignSources || Guard.AcceptForeignSources;

    /// <summary>The name of the interface that carries the outer packets.</summary>
    public string ExternalName => Families[0].ExternalName;

    /// <summary>The bytes that the outer headers add to a packet: one device carries all families, so the longest headers count.</summary>
    public int Overhead => Families.Max(static family => UdpOverhead.Of(family.Family));

    /// <summary>One of the address families, if the network has it.</summary>
    public NetworkFamily? Find(AddressFamily family) => Families.FirstOrDefault(candidate => candidate.Family == family);
}
