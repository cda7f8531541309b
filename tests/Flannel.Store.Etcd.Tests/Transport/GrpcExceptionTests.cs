using Flannel.Lab.Fuzzing;
using Flannel.Store.Etcd.Transport;
using Grpc.Core;

namespace Flannel.Store.Etcd.Tests.Transport;

/// <summary>What etcd's errors mean, by code and words; the codes of some differ between its versions.</summary>
public sealed class GrpcExceptionTests
{
    [Theory]
    [InlineData(14, "etcdserver: rpc not supported for learner", true)]
    [InlineData(9, "etcdserver: rpc not supported for learner", true)]
    [InlineData(14, "etcdserver: no leader", true)]
    [InlineData(8, "etcdserver: too many requests", true)]
    [InlineData(13, "stream terminated by RST_STREAM", true)]
    [InlineData(8, "etcdserver: mvcc: database space exceeded", false)]
    [InlineData(9, "etcdserver: lease already exists", false)]
    [InlineData(11, "etcdserver: mvcc: required revision has been compacted", false)]
    [InlineData(7, "etcdserver: permission denied", false)]
    public void IsEndpointFault_ByCodeAndWords_SaysWhetherAnotherEndpointMayDoBetter(int code, string words, bool expected) =>
        Assert.Equal(expected, new GrpcException((StatusCode)code, words).IsEndpointFault);

    [Theory]
    [InlineData(8, "grpc: trying to send message larger than max (70000000 vs. 67108864)", true)]
    [InlineData(8, "the answer holds a message that is longer than is accepted", true)]
    [InlineData(8, "etcdserver: mvcc: database space exceeded", false)]
    [InlineData(11, "etcdserver: mvcc: required revision has been compacted", false)]
    public void IsTooLarge_ByCodeAndWords_SaysWhetherAskingForLessHelps(int code, string words, bool expected) =>
        Assert.Equal(
            (expected, false), (new GrpcException((StatusCode)code, words).IsTooLarge, new GrpcException((StatusCode)code, words).IsEndpointFault));

    [Theory]
    [InlineData(16, "etcdserver: invalid auth token", true)]
    [InlineData(3, "etcdserver: revision of auth store is old", true)]
    [InlineData(3, "etcdserver: user name is empty", true)]
    [InlineData(3, "etcdserver: key is not provided", false)]
    [InlineData(7, "etcdserver: permission denied", false)]
    public void IsAboutToken_ByCodeAndWords_SaysWhetherANewTokenMayHelp(int code, string words, bool expected) =>
        Assert.Equal(expected, new GrpcException((StatusCode)code, words).IsAboutToken);

    [Theory]
    [InlineData("etcdserver: no leader", false)]
    [InlineData("etcdserver: rpc not supported for learner", false)]
    [InlineData("etcdserver: request timed out", true)]
    [InlineData("the connection broke", true)]
    public void MayHaveRun_OfAnEndpointFault_IsTrueUnlessItWasRefusedUpFront(string words, bool expected) =>
        Assert.Equal(expected, new GrpcException(StatusCode.Unavailable, words).MayHaveRun);

    [Fact]
    public void Map_HostileWordsOfAServer_AreShown()
    {
        GrpcException error = RpcFailure.Map(new RpcException(new Status(StatusCode.Unknown, HostileText.Sample)));

        Assert.All(error.ToString().Split(Environment.NewLine), line => Assert.True(HostileText.IsShown(line, 16 << 10), line));
        Assert.True(HostileText.IsShown(error.Message, 1100), error.Message);
    }
}
