using Flannel.Netlink.Tests.Golden;

namespace Flannel.Netlink.Tests.Route;

public class RequestBytesTests
{
    private static readonly IReadOnlyDictionary<string, byte[]> Expected = GoldenFile.Load("requests");

    public static TheoryData<string> Names => [.. Requests.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Request_HasExactlyTheseBytes(string name) =>
        Assert.Equal(Convert.ToHexStringLower(Expected[name]), Convert.ToHexStringLower(Requests.Encode(name)));

    [Fact]
    public void GoldenFile_HasARowForEveryRequestAndNoOther() => Assert.Equal(Requests.Names.Order(), Expected.Keys.Order());
}
