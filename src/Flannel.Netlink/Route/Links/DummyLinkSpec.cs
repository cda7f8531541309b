namespace Flannel.Netlink.Route.Links;

/// <summary>A dummy device to create: it swallows what it is sent and can carry addresses and routes.</summary>
public sealed record DummyLinkSpec : LinkSpec
{
    /// <summary>Starts from a name.</summary>
    /// <param name="name">Interface name, 1 to 15 bytes.</param>
    /// <exception cref="ArgumentException">The name is not one the kernel accepts.</exception>
    public DummyLinkSpec(string name)
        : base(name)
    {
    }

    /// <inheritdoc/>
    public override string Kind => "dummy";
}
