namespace Flannel;

/// <summary>A route that is not ours leads to a peer's subnet. It is left alone; the peer is unreachable until it is gone.</summary>
public sealed class RouteConflictException : FlannelException
{
    internal RouteConflictException(string destination, string found)
        : base(
            $"The host has another route to {destination} ({found}), which is not Flannel's. It is left alone; " +
            $"remove it (ip route del {destination}) to reach the peer.") => Destination = destination;

    /// <summary>The peer's subnet.</summary>
    public string Destination { get; }

    /// <inheritdoc />
    public override bool IsTransient => true;
}
