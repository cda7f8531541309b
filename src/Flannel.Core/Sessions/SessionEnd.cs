namespace Flannel.Core.Sessions;

/// <summary>
/// Why a session ended although it neither failed nor was stopped: something changed that another session follows. The set is closed.
/// </summary>
internal abstract record SessionEnd
{
    private SessionEnd()
    {
    }

    /// <summary>The network configuration in the store changed in a way that can be followed.</summary>
    public sealed record ConfigChanged : SessionEnd
    {
        public override string ToString() => "the network configuration in the store changed";
    }

    /// <summary>The external interface or its address is another one now.</summary>
    /// <param name="External">The choice that is made now.</param>
    public sealed record HostMoved(ExternalInterface External) : SessionEnd
    {
        public override string ToString() => $"the external interface is {External.Name} with {External.PublicIP ?? External.PublicIPv6} now";
    }

    /// <summary>The node has to acquire its lease again.</summary>
    /// <param name="Reason">Why, as a sentence without its end.</param>
    public sealed record LeaseMoved(string Reason) : SessionEnd
    {
        public override string ToString() => Reason;
    }

    /// <summary>The backend has something else to publish than what the lease says.</summary>
    public sealed record PublicationChanged : SessionEnd
    {
        public override string ToString() => "the backend has something else to publish";
    }
}
