using System.Net;
using System.Net.NetworkInformation;

namespace Flannel.Backends.Vxlan.Entries;

/// <summary>What an entry says; compared by value.</summary>
internal readonly record struct VxlanEntry
{
    /// <summary>Forwarding: the peer's host. Route: the gateway.</summary>
    public IPAddress? Address { get; private init; }

    /// <summary>Neighbour: the peer's MAC.</summary>
    public PhysicalAddress? Mac { get; private init; }

    /// <summary>How the entry is made.</summary>
    public VxlanEntryForm Form { get; private init; }

    /// <summary>An entry that has to be written anew.</summary>
    public static VxlanEntry Distorted { get; } = new() { Form = VxlanEntryForm.Distorted };

    /// <summary>A nexthop object; its key says everything.</summary>
    public static VxlanEntry Nexthop => default;

    public static VxlanEntry Forwarding(IPAddress host) => new() { Address = host };

    public static VxlanEntry Neighbour(PhysicalAddress mac) => new() { Mac = mac };

    public static VxlanEntry Route(IPAddress gateway, VxlanEntryForm form) => new() { Address = gateway, Form = form };
}
