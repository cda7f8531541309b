using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Flannel.Extensibility;
using Flannel.Lab.Pinging;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;
using OperationalStatus = System.Net.NetworkInformation.OperationalStatus;

namespace Flannel.Lab.Namespaces;

/// <summary>A network namespace of a <see cref="NetworkLab"/> with a netlink socket inside: a host, a container or the underlay.</summary>
public abstract class LabNode
{
    private static readonly TimeSpan RestLimit = TimeSpan.FromSeconds(30);

    private protected LabNode(string role)
    {
        NamespaceName = LabNames.Unique(role);
        Namespace = NetworkNamespace.Create(NamespaceName);
        try
        {
            Netlink = Namespace.Run(() => RouteNetlink.Open());
            Netlink.ChangeLink(1, new LinkChange { IsUp = true }); // the loopback device is always the first
            Run(() =>
            {
                // Nobody else has these addresses. Without the check an address is usable at once and not after a second or two.
                NetworkSysctl.Write("ipv6/conf/all/accept_dad", "0");
                NetworkSysctl.Write("ipv6/conf/default/accept_dad", "0");
            });
        }
        catch
        {
            Namespace.Dispose();
            NetworkNamespace.Delete(NamespaceName);
            throw;
        }
    }

    /// <summary>The namespace's name: what the <c>NetworkNamespace</c> option and <c>ip netns</c> take.</summary>
    public string NamespaceName { get; }

    /// <summary>The namespace.</summary>
    public NetworkNamespace Namespace { get; }

    /// <summary>A netlink socket inside.</summary>
    public RouteNetlink Netlink { get; }

    /// <summary>The node's IPv4 address on <c>eth0</c>, if it has one.</summary>
    public IPAddress? Address { get; private protected set; }

    /// <summary>The node's IPv6 address on <c>eth0</c>, if it has one.</summary>
    public IPAddress? AddressIPv6 { get; private protected set; }

    /// <summary>Runs a function inside the namespace; see <see cref="NetworkNamespace.Run{T}(Func{T})"/>.</summary>
    public T Run<T>(Func<T> function) => Namespace.Run(function);

    /// <summary>Runs an action inside the namespace.</summary>
    public void Run(Action action) => Namespace.Run(action);

    /// <summary>The device of this name.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public Link Device(string name) => Netlink.FindLink(name)
        ?? throw new InvalidOperationException(
            $"{NamespaceName} has no device {name}, but {string.Join(", ", Netlink.GetLinks().Select(static link => link.Name))}.");

    /// <summary>The packet counters of a device.</summary>
    public LinkStatistics Counters(string device) => Device(device).Statistics!.Value;

    /// <summary>Pings an address from here.</summary>
    /// <param name="to">Whom.</param>
    /// <param name="options">How; by default one small packet.</param>
    public Task<PingReport> PingAsync(IPAddress to, PingOptions? options = null) => Pinger.PingAsync(Namespace, to, options);

    /// <summary>Starts to ping an address from here, 100 times a second.</summary>
    /// <param name="to">Whom.</param>
    /// <param name="options">How.</param>
    public ContinuousPing StartPinging(IPAddress to, PingOptions? options = null) => ContinuousPing.Start(Namespace, to, options);

    /// <summary>Runs a program inside the namespace and returns what it printed: for comparing ours with <c>ip</c> and <c>bridge</c>.</summary>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="InvalidOperationException">It failed; says what it printed.</exception>
    public async Task<string> ExecAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("ip", ["netns", "exec", NamespaceName, program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await errors}{output}");
    }

    /// <summary>Closes the socket and deletes the namespace with all that is in it. Works on what is half made, too.</summary>
    internal void Remove()
    {
        Netlink.Dispose();
        Namespace.Dispose();
        if (NetworkNamespace.List().Contains(NamespaceName))
            NetworkNamespace.Delete(NamespaceName);
    }

    private protected void AddAddress(int link, IPAddress address, int prefixLength) => Netlink.AddAddress(
        new InterfaceAddress { LinkIndex = link, Address = address, PrefixLength = prefixLength });

    /// <summary>
    /// Waits until the kernel has done what it does by itself after <c>eth0</c> came up: it tells the carrier some time later, gives the device its
    /// link-local address, and tells of each IPv6 address once more when that is usable.
    /// </summary>
    private protected void AwaitRest()
    {
        if (!SpinWait.SpinUntil(IsAtRest, RestLimit))
        {
            throw new TimeoutException(
                $"{NamespaceName} did not come to rest within {RestLimit}: {Device("eth0")}, {string.Join(", ", Netlink.GetAddresses())}");
        }

        Netlink.ChangeLink(1, new LinkChange { IsUp = true }); // changes nothing, and waits for the lock under which the kernel told the last of it
    }

    private bool IsAtRest()
    {
        IReadOnlyList<InterfaceAddress> addresses = Netlink.GetAddresses(AddressFamily.InterNetworkV6);
        Link eth0 = Device("eth0");
        return eth0.OperationalStatus == OperationalStatus.Up
            && addresses.All(static address => !address.IsTentative)
            && (addresses.Any(address => address.LinkIndex == eth0.Index && address.Scope == RouteScope.Link) || !Run(HasLinkLocalAddresses));
    }

    private static bool HasLinkLocalAddresses() => NetworkSysctl.Read("ipv6/conf/eth0/disable_ipv6").Value == "0";

    private protected void AddDefaultRoute(int link, IPAddress gateway) => Netlink.AddRoute(new RouteEntry
    {
        Destination = new IPNetwork(gateway.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0),
        LinkIndex = link,
        Gateway = gateway,
    });

    private protected void EnableForwarding() => Run(() =>
    {
        NetworkSysctl.Write("ipv4/ip_forward", "1");
        NetworkSysctl.Write("ipv6/conf/all/forwarding", "1");
    });

    /// <summary>Joins another node's <c>eth0</c> to a bridge of this node by a pair of veth devices.</summary>
    private protected void Plug(Link bridge, string port, LabNode other, int mtu) => Netlink.CreateLink(new VethLinkSpec(port, "eth0")
    {
        Mtu = mtu,
        PeerMtu = mtu,
        MasterIndex = bridge.Index,
        IsUp = true,
        PeerNamespace = other.Namespace.Handle,
    });
}
