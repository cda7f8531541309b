namespace Orchestrator.Reporting;

/// <summary>A host of the overlay.</summary>
internal sealed record HostReport
{
    public required string Name { get; init; }

    /// <summary>The network namespace that plays the host.</summary>
    public required string Namespace { get; init; }

    /// <summary>On the underlay, IPv4 first.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>Leased in the overlay, IPv4 first.</summary>
    public required IReadOnlyList<string> Subnets { get; init; }

    /// <summary>The largest packet that containers may send, in bytes.</summary>
    public required int Mtu { get; init; }

    public required IReadOnlyList<TunnelReport> Tunnels { get; init; }

    public required IReadOnlyList<ContainerReport> Containers { get; init; }
}
