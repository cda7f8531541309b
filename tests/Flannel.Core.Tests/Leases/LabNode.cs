using Flannel.Core.Leases.Policy;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Core.Tests.Leases;

/// <summary>One node of a <see cref="SubnetManagerLab"/>.</summary>
internal sealed class LabNode
{
    private ISubnetView? _view;
    private ISubnetMembership? _membership;

    public LabNode(SubnetManagerLab lab, LeaseRequest request, int seed, ILogger<SubnetManager>? logger = null)
    {
        Request = request;
        Store = new FaultyLeaseStore(lab.Store);
        Manager = new SubnetManager(Store, lab.Options, lab.Time, new Random(seed), logger ?? NullLogger<SubnetManager>.Instance);
    }

    public FaultyLeaseStore Store { get; }

    public SubnetManager Manager { get; }

    public LeaseRequest Request { get; }

    private int Watches => Store.Calls.Count(static call => call.Operation == StoreOperation.Watch);

    /// <summary>Looks at the store; the next acquisition follows from what is seen.</summary>
    public async Task<ISubnetView> OpenAsync() => _view = await Manager.OpenAsync(CancellationToken.None);

    public async Task<Lease> AcquireAsync(LeaseRequest? request = null, CancellationToken cancellationToken = default)
    {
        ISubnetView view = Interlocked.Exchange(ref _view, null) ?? await Manager.OpenAsync(cancellationToken);
        _membership = await view.AcquireAsync(request ?? Request, cancellationToken);
        return _membership.Lease;
    }

    public LeaseFollower Follow() => new(_membership!);

    /// <summary>Acquires and follows for a moment, so that whoever follows next has to list first.</summary>
    public async Task<Lease> AcquireAndFollowBrieflyAsync()
    {
        await using LeaseFollower follower = await StartAsync();
        return follower.Own;
    }

    /// <summary>Acquires and follows, past the first snapshot.</summary>
    public async Task<LeaseFollower> StartAsync()
    {
        await AcquireAsync();
        int watches = Watches;
        LeaseFollower follower = Follow();
        await follower.UntilAsync<LeaseSnapshot>();
        // A watch opens in the background, and one that is not open yet cannot break.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Watches == watches) await Task.Delay(1, limit.Token);
        return follower;
    }
}
