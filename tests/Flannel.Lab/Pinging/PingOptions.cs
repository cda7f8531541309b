namespace Flannel.Lab.Pinging;

/// <summary>How to ping.</summary>
public sealed record PingOptions
{
    /// <summary>How many echo requests. Default 1.</summary>
    public int Count { get; init; } = 1;

    /// <summary>The time between two requests. Default 10 ms.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>The length in bytes of the whole IP packet, headers included, so that it can be compared with an MTU. Default 84.</summary>
    public int PacketSize { get; init; } = 84;

    /// <summary>Whether no router may fragment the packet, and this host does not either. Default no.</summary>
    public bool DontFragment { get; init; }

    /// <summary>How long to wait for answers after the last request. Errors and complete answers end the wait early. Default 3 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(3);
}
