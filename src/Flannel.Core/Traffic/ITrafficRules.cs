namespace Flannel.Extensibility;

/// <summary>Keeps the host's packet filter as one node's <see cref="TrafficPolicy"/> says. Touches only its own tables and chains.</summary>
public interface ITrafficRules
{
    /// <summary>The packet filter that the rules go to.</summary>
    PacketFilter Filter { get; }

    /// <summary>
    /// Makes the rules what the policy says, whatever an earlier run or an earlier network left in their place, and keeps them so: what somebody else
    /// flushes or reorders comes back. Rules that are right already are not touched.
    /// </summary>
    /// <param name="policy">The rules to keep.</param>
    /// <param name="cancellationToken">Ends the sequence and leaves the rules in place.</param>
    /// <returns>
    /// One item after the first attempt and then one whenever the outcome changes. A failure is tried again with back-off; the sequence ends only by
    /// an
    /// <see cref="OperationCanceledException"/>.
    /// </returns>
    IAsyncEnumerable<TrafficStatus> KeepAsync(TrafficPolicy policy, CancellationToken cancellationToken);

    /// <summary>
    /// Removes the rules that this kind of packet filter holds for the policy's network, and its blackhole routes if the policy asks for them, which
    /// belong to no kind. Does nothing if there are none.
    /// </summary>
    /// <param name="policy">The policy whose rules to remove; its ranges do not matter.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="FlannelException">There are rules and they cannot be removed; says what to do.</exception>
    Task RemoveAsync(TrafficPolicy policy, CancellationToken cancellationToken);
}
