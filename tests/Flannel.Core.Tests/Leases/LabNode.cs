using Flannel.Core.Leases;
using Flannel.Testing.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Core.Tests.Leases;

/// <summary>One node of a <see cref="SubnetManagerLab"/>.</summary>
internal sealed class LabNode
{
    public LabNode(SubnetManagerLab lab, LeaseRequest request, int seed)
    {
        Request = request;
        Store = new FaultyLeaseStore(lab.Store);
        Manager = new SubnetManager(Store, lab.Options, lab.Time, new Random(seed), NullLogger<SubnetManager>.Instance);
    }

    public FaultyLeaseStore Store { get; }

    public SubnetManager Manager { get; }

    public LeaseRequest Request { get; }

    public Task<Lease> AcquireAsync() => Manager.AcquireAsync(Request, CancellationToken.None);

    public LeaseFollower Follow(Lease own) => new(Manager, Request, own);

    /// <summary>Acquires and follows for a moment, so that whoever follows next has to list first.</summary>
    public async Task<Lease> AcquireAndFollowBrieflyAsync()
    {
        await using LeaseFollower follower = await StartAsync();
        return follower.Own;
    }

    /// <summary>Acquires and follows, past the first snapshot.</summary>
    public async Task<LeaseFollower> StartAsync()
    {
        LeaseFollower follower = Follow(await AcquireAsync());
        await follower.UntilAsync<LeaseSnapshot>();
        return follower;
    }
}
