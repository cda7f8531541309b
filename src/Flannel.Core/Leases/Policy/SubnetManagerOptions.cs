namespace Flannel.Core.Leases.Policy;

/// <summary>The times a <see cref="SubnetManager"/> works with.</summary>
internal sealed record SubnetManagerOptions
{
    /// <summary>What a node's options say.</summary>
    public static SubnetManagerOptions From(FlannelOptions options) => new()
    {
        TimeToLive = options.LeaseTimeToLive,
        RenewMargin = options.LeaseRenewMargin,
        TakeoverWait = TimeSpan.FromSeconds(1),
        PeerGracePeriod = options.PeerGracePeriod,
        MassRemovalGracePeriod = options.MassRemovalGracePeriod,
        MaxPeers = options.MaxPeers,
        MaxQuarantined = options.MaxQuarantined,
    };

    /// <summary>How long a lease lives without renewal.</summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long before its end a lease is renewed.</summary>
    public TimeSpan RenewMargin { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How often everything is listed again while the watch seems to work; the time used varies by a tenth, so that nodes do not list together.
    /// </summary>
    public TimeSpan RelistInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a peer whose lease is gone is still reported as there, in case it takes the lease again at once.</summary>
    public TimeSpan PeerGracePeriod { get; init; }

    /// <summary>How long peers are still reported as there when most of them are gone together.</summary>
    public TimeSpan MassRemovalGracePeriod { get; init; }

    /// <summary>
    /// How long a node that finds its lease in the store waits for a live holder to answer before it makes the lease its own; zero to take it at
    /// once, and leave it when the answer comes.
    /// </summary>
    public TimeSpan TakeoverWait { get; init; }

    /// <summary>
    /// How long one call of the store may take, unless the store itself waits longer. A store that does not answer must not keep a node from its
    /// other duties.
    /// </summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a call or a watch that is of no use any more may take to end before it is left behind.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How many leases of peers are followed; what the store holds beyond that is counted.</summary>
    public int MaxPeers { get; init; } = 100_000;

    /// <summary>How many refused leases are remembered with their reasons; the others are counted.</summary>
    public int MaxQuarantined { get; init; } = 1000;

    /// <summary>How long after its start a time to live is renewed: the margin before its end, but never before its half.</summary>
    public TimeSpan RenewAfter => TimeToLive - Margin;

    /// <summary>The longest pause between two attempts to renew: short times to live leave no room for whole minutes.</summary>
    public TimeSpan LongestRenewPause => TimeSpan.FromTicks(Math.Min(TimeSpan.FromMinutes(1).Ticks, Margin.Ticks / 4));

    private TimeSpan Margin => TimeSpan.FromTicks(Math.Min(RenewMargin.Ticks, TimeToLive.Ticks / 2));
}
