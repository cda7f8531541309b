namespace Flannel.Netlink.Route.Links;

/// <summary>A bridge to create. Devices join it with <see cref="LinkChange.MasterIndex"/>.</summary>
public sealed record BridgeLinkSpec : LinkSpec
{
    /// <summary>Starts from a name.</summary>
    /// <param name="name">Interface name, 1 to 15 bytes.</param>
    /// <exception cref="ArgumentException">The name is not one the kernel accepts.</exception>
    public BridgeLinkSpec(string name)
        : base(name)
    {
    }

    /// <inheritdoc/>
    public override string Kind => "bridge";
}
