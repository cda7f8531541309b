using System.Net;
using Flannel.Core.Sessions;
using Flannel.Extensibility;
using Flannel.Testing;

namespace Flannel.Core.Tests.Sessions;

public sealed class OverlapCheckTests
{
    private const string Gateway = "192.168.100.9";
    private static readonly NetworkConfig Config = NetworkConfig.Parse("""{"Network":"10.5.0.0/16","Backend":{"Type":"fake"}}""", "test");
    private static readonly ExternalInterface External = new() { Name = "eth0", Index = 2, Mtu = 1500 };

    [Theory]
    [InlineData("10.5.8.0/24", Gateway, "eth0", false)]
    [InlineData("10.5.8.0/22", Gateway, "eth0", false)] // as wide as the own subnet
    [InlineData("10.5.96.0/20", Gateway, "eth0", false)] // as wide as a peer's
    [InlineData("10.5.8.0/23", Gateway, "eth0", true)] // as wide as nobody's
    [InlineData("10.5.8.0/22", null, "eth0", true)]
    [InlineData("10.5.8.0/22", Gateway, "eth1", true)]
    [InlineData("10.5.0.0/16", Gateway, "eth0", true)]
    [InlineData("10.4.0.0/14", Gateway, "eth0", true)]
    public void Check_RouteInTheRange_CollidesUnlessItMayLeadToADepartedPeer(string route, string? gateway, string device, bool collides)
    {
        var prefix = new HostPrefix(IPNetwork.Parse(route), device, IsAddress: false, gateway is null ? null : IPAddress.Parse(gateway));
        Action check = () => OverlapCheck.Check(Config, [prefix], External, new FakeBackend(), [SubnetKey.Parse("10.5.4.0-22")], new View());

        if (collides) Assert.Equal(prefix, Assert.Single(Assert.Throws<NetworkOverlapException>(check).Conflicts));
        else check();
    }

    /// <summary>A store that shows one peer.</summary>
    private sealed class View : ISubnetView
    {
        public IReadOnlyCollection<SubnetKey> Leased { get; } = [SubnetKey.Parse("10.5.80.0-20")];

        public NetworkConfig ReadConfig() => throw new NotSupportedException();

        public Lease? FindOwn(LeaseRequest request) => throw new NotSupportedException();

        public Task<ISubnetMembership> AcquireAsync(LeaseRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
