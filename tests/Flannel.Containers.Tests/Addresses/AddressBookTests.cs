using System.Net;
using Flannel.Containers.Addresses;

namespace Flannel.Containers.Tests.Addresses;

public sealed class AddressBookTests
{
    private static readonly AddressRange Small = new(IPNetwork.Parse("10.1.2.0/29"));

    [Fact]
    public void Addresses_AreGivenInTurn_AndOnlyWhenNothingIsLeftRefused()
    {
        var book = new AddressBook();
        Assert.Equal(["10.1.2.2", "10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.6"], Enumerable.Range(0, 5).Select(i => Reserve(book, $"c{i}")));

        var refusal = Assert.Throws<ContainerNetworkException>(() => Reserve(book, "c5"));
        Assert.Equal(ContainerNetworkError.PoolEmpty, refusal.Error);
        Assert.True(refusal.IsTransient);

        book.Release(new Owner("c1", "eth0"));
        book.Release(new Owner("c3", "eth0"));
        Assert.Equal(["10.1.2.3", "10.1.2.5"], new[] { Reserve(book, "c6"), Reserve(book, "c7") });
    }

    [Fact]
    public void SecondRangeRefused_FirstIsGivenBack()
    {
        var book = new AddressBook();
        var full = new AddressRange(IPNetwork.Parse("fd00::/127"));

        Assert.Throws<ContainerNetworkException>(() => book.Reserve(new Owner("one", "eth0"), [Small, full], []));

        Assert.Empty(book.List());
    }

    [Fact]
    public void Owner_KeepsItsAddress_UntilItAsksForAnother()
    {
        var book = new AddressBook();
        Assert.Equal("10.1.2.2", Reserve(book, "one"));
        Assert.Equal("10.1.2.2", Reserve(book, "one"));

        Assert.Equal("10.1.2.5", book.Reserve(new Owner("one", "eth0"), [Small], [IPAddress.Parse("10.1.2.5")]).Addresses[0].ToString());

        Assert.Equal(IPAddress.Parse("10.1.2.5"), Assert.Single(book.List()).Key);
    }

    [Theory]
    [InlineData("10.1.2.0/29", "10.1.2.2", "10.1.2.6")]
    [InlineData("fd00::/126", "fd00::2", "fd00::3")]
    public void Range_LeavesOutNetworkGatewayAndBroadcast(string subnet, string first, string last)
    {
        var range = new AddressRange(IPNetwork.Parse(subnet));
        Assert.Equal(first, range.From(null).First().ToString());
        Assert.Equal(last, range.From(null).Last().ToString());
    }

    private static string Reserve(AddressBook book, string id) => book.Reserve(new Owner(id, "eth0"), [Small], []).Addresses[0].ToString();
}
