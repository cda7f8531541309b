using System.Collections.Immutable;

namespace Flannel.Core.Leases.Peers;

/// <summary>
/// What a node knows of its peers beyond one session, so that whoever the next one does not find departs as if there had been one session only.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class PeerMemory(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>The time that <see cref="Held"/> goes by.</summary>
    public TimeSpan Now => time.GetElapsedTime(_start);

    /// <summary>The peers that the data path was told of.</summary>
    public ImmutableDictionary<SubnetKey, Lease> Told { get; set; } = ImmutableDictionary<SubnetKey, Lease>.Empty;

    /// <summary>Those of them that have left and are held; changed by whoever holds them.</summary>
    public Dictionary<SubnetKey, HeldPeer> Held { get; set; } = [];
}
