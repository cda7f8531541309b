using System.Net;
using Flannel.Lab.Namespaces;
using Flannel.Linux.Hosts;
using Flannel.Netlink.Route.Addresses;
using Flannel.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Linux.Tests.Hosts;

public class OtherExternalInterfaceTests
{
    private static readonly ExternalInterfaceOptions Options = new() { Name = "eth0" };
    private static readonly NetworkConfig IPv4 = new();

    private readonly FakeTimeProvider _time = new();

    [NetnsFact]
    public async Task Wait_AddressIsReplaced_ReturnsTheOtherOnceTheHostHasSettled()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        LabHost host = lab.Hosts[0];
        Task<ExternalInterface> other = await StartAsync(host);

        Add(host, "192.168.100.77");
        Delete(host, "192.168.100.1");
        await _time.WaitForTimersAsync(1);
        Assert.False(other.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        ExternalInterface found = await other.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(("eth0", "192.168.100.77", "192.168.100.77"), (found.Name, found.Address!.ToString(), found.PublicIP!.ToString()));
    }

    [NetnsFact]
    public async Task Wait_AddressComesBackBeforeTheHostHasSettled_GoesOnWaiting()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        LabHost host = lab.Hosts[0];
        Task<ExternalInterface> other = await StartAsync(host);

        Add(host, "192.168.100.77");
        Delete(host, "192.168.100.1");
        await _time.WaitForTimersAsync(1);
        Add(host, "192.168.100.1");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(other.IsCompleted);

        Delete(host, "192.168.100.1");
        await _time.WaitForTimersAsync(1);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("192.168.100.77", (await other.WaitAsync(TimeSpan.FromSeconds(30))).Address!.ToString());
    }

    [NetnsFact]
    public async Task Wait_AnotherAddressIsAdded_KeepsTheChoiceThatWorks()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        using var stop = new CancellationTokenSource();
        Task<ExternalInterface> other = await StartAsync(lab.Hosts[0], stop.Token);
        Add(lab.Hosts[0], "192.168.100.77");
        await lab.Hosts[0].PingAsync(IPAddress.Parse("192.168.100.254"));
        Assert.False(other.IsCompleted);
        Assert.Empty(_time.ArmedTimers);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);
    }

    private async Task<Task<ExternalInterface>> StartAsync(LabHost host, CancellationToken cancellationToken = default)
    {
        var network = new LinuxHostNetwork(_time, NullLogger<LinuxHostNetwork>.Instance);
        ExternalInterface current = await network.FindExternalInterfaceAsync(host.NamespaceName, Options, IPv4, CancellationToken.None);
        return network.WaitForOtherExternalInterfaceAsync(host.NamespaceName, Options, IPv4, current, cancellationToken);
    }

    private static void Add(LabHost host, string address) => host.Netlink.AddAddress(At(host, address));

    private static void Delete(LabHost host, string address) => host.Netlink.DeleteAddress(At(host, address));

    // The second address has a prefix of its own: one in the first's would go away together with it.
    private static InterfaceAddress At(LabHost host, string address) => new()
    {
        LinkIndex = host.Device("eth0").Index,
        Address = IPAddress.Parse(address),
        PrefixLength = address == "192.168.100.1" ? 24 : 32,
    };
}
