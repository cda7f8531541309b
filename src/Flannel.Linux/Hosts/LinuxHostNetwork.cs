using System.Net;
using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Linux.Interfaces;
using Flannel.Linux.Routes;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;
using Microsoft.Extensions.Logging;

namespace Flannel.Linux.Hosts;

/// <summary>The host's network as the Linux kernel tells it over rtnetlink.</summary>
[SupportedOSPlatform("linux")]
internal sealed partial class LinuxHostNetwork(TimeProvider time, ILogger<LinuxHostNetwork> logger) : IHostNetwork
{
    /// <inheritdoc/>
    public Task CheckAccessAsync(string? networkNamespace, CancellationToken cancellationToken) => Do(
        () =>
        {
            NetworkAccess.Check(networkNamespace);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public string IdentifyNamespace(string? networkNamespace)
    {
        using NetworkNamespace opened = networkNamespace is null ? NetworkNamespace.OpenCurrent() : NetworkNamespace.Open(networkNamespace);
        return opened.Identity ?? networkNamespace ?? "";
    }

    /// <inheritdoc/>
    public Task<ExternalInterface> FindExternalInterfaceAsync(
        string? networkNamespace, ExternalInterfaceOptions options, NetworkConfig config, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(config);
        return Do(() => FindExternalInterface(networkNamespace, options, config), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<HostPrefix>> GetPrefixesAsync(string? networkNamespace, CancellationToken cancellationToken) =>
        Do(() => GetPrefixes(networkNamespace), cancellationToken);

    /// <inheritdoc/>
    public Task<ForwardingStatus> CheckForwardingAsync(
        string? networkNamespace, NetworkConfig config, bool enable, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Do(() => NetworkNamespace.Run(networkNamespace, () => HostForwarding.Check(config, enable)), cancellationToken);
    }

    // The kernel answers within the call, so there is nothing to wait for; but a failure belongs into the task, not to whoever asks for it.
    private static Task<T> Do<T>(Func<T> read, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellationToken);

        try
        {
            return Task.FromResult(read());
        }
        catch (Exception exception) when (exception is FlannelException or NetlinkException)
        {
            return Task.FromException<T>(exception);
        }
    }

    private ExternalInterface FindExternalInterface(string? networkNamespace, ExternalInterfaceOptions options, NetworkConfig config)
    {
        using RouteNetlink netlink = NetworkNamespace.Run(networkNamespace, static () => RouteNetlink.Open());
        ExternalInterface chosen = ExternalInterfaceChoice.Make(HostSnapshot.Read(netlink), options, config.EnableIPv4, config.EnableIPv6);
        Log.ExternalInterfaceChosen(
            logger, chosen.Name, chosen.Index, chosen.Mtu, chosen.Address, chosen.AddressIPv6, chosen.PublicIP, chosen.PublicIPv6);
        return chosen;
    }

    private static IReadOnlyList<HostPrefix> GetPrefixes(string? networkNamespace)
    {
        using RouteNetlink netlink = NetworkNamespace.Run(networkNamespace, static () => RouteNetlink.Open());
        Dictionary<int, Link> links = netlink.GetLinks().ToDictionary(static link => link.Index);
        return
        [
            .. netlink.GetAddresses().Select(
                address => On(address.LinkIndex, PrefixOf(address), isAddress: true, gateway: null) with { Address = address.Address }),
            .. netlink.GetRoutes(filter: new RouteFilter { Table = RouteEntry.MainTable })
                .Where(static route => !route.IsDefault)
                .Select(ToPrefix),
        ];

        HostPrefix On(int index, IPNetwork prefix, bool isAddress, IPAddress? gateway)
        {
            Link? link = links.GetValueOrDefault(index);
            return new HostPrefix(prefix, link?.Name ?? "", isAddress, gateway) { IsOnBridge = link?.Kind == "bridge" };
        }

        HostPrefix ToPrefix(RouteEntry route)
        {
            RouteHop? first = route.Hops is { Count: > 0 } hops ? hops[0] : null;
            return On(first?.LinkIndex ?? route.LinkIndex, route.Destination, isAddress: false, first?.Gateway ?? route.Gateway);
        }
    }

    // On a point-to-point link the prefix is the peer's.
    private static IPNetwork PrefixOf(InterfaceAddress address) => NetworkRange.Around(address.Peer ?? address.Address, address.PrefixLength);
}
