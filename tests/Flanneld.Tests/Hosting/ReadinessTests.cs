using Flannel;
using Flanneld.Hosting;

namespace Flanneld.Tests.Hosting;

public sealed class ReadinessTests
{
    [Fact]
    public void Node_IsReadyWithItsSubnetFileOnly()
    {
        Assert.Equal(new Readiness(true, ""), Readiness.Of(new FlannelNodeStatus { IsReady = true, IsSubnetFileCurrent = true }));
        Assert.Equal(new Readiness(false, "the subnet file is not written yet"), Readiness.Of(new FlannelNodeStatus { IsReady = true }));
        Assert.Equal(new Readiness(false, "disk full"), Readiness.Of(new FlannelNodeStatus { IsReady = true, Reason = "disk full" }));
        Assert.Equal(new Readiness(false, "no etcd"), Readiness.Of(new FlannelNodeStatus { Reason = "no etcd", IsSubnetFileCurrent = true }));
        Assert.False(Readiness.Of(new FlannelNodeStatus()).IsReady);
        Assert.NotEmpty(Readiness.Of(new FlannelNodeStatus()).Reason);
    }

    [Fact]
    public void PendingConfiguration_LeavesTheNodeReadyAndIsSaid() => Assert.Equal(
        new Readiness(true, "the configuration in the store is not followed: VNI 7 instead of 1"),
        Readiness.Of(new FlannelNodeStatus
        {
            IsReady = true,
            IsSubnetFileCurrent = true,
            PendingConfig = new PendingConfig(null, ["VNI 7 instead " +
            "of 1"])
        }));

    [Fact]
    public void DegradedNode_StaysReadyAndSaysWhy() => Assert.Equal(
        new Readiness(true, "the store is away"),
        Readiness.Of(new FlannelNodeStatus
        {
            State = FlannelNodeState.Degraded,
            IsReady = true,
            IsSubnetFileCurrent = true,
            Reason = "the store " +
            "is away"
        }));
}
