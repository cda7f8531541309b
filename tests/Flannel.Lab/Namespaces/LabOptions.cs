namespace Flannel.Lab.Namespaces;

/// <summary>What a <see cref="NetworkLab"/> is made of.</summary>
public sealed record LabOptions
{
    /// <summary>How many hosts to start with, at most 250. Default 2.</summary>
    public int Hosts { get; init; } = 2;

    /// <summary>Whether the hosts have IPv6 addresses as well. Default no.</summary>
    public bool DualStack { get; init; }

    /// <summary>The MTU in bytes of the network between the hosts. Default 1500.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>Whether each host has a default route, to the underlay's bridge. Default yes.</summary>
    public bool DefaultRoute { get; init; } = true;
}
