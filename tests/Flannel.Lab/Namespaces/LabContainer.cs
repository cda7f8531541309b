using System.Net;
using Flannel.Netlink.Route.Links;

namespace Flannel.Lab.Namespaces;

/// <summary>A container of a <see cref="LabHost"/>: a namespace with <c>eth0</c> on the host's bridge.</summary>
public sealed class LabContainer : LabNode
{
    internal LabContainer(string role)
        : base(role)
    {
    }

    internal void Configure(
        (IPAddress Address, IPAddress Gateway, int PrefixLength)? ipv4, (IPAddress Address, IPAddress Gateway, int PrefixLength)? ipv6)
    {
        Link eth0 = Device("eth0");
        Netlink.ChangeLink(eth0.Index, new LinkChange { IsUp = true });
        Address = ipv4?.Address;
        AddressIPv6 = ipv6?.Address;
        foreach (var (address, gateway, prefixLength) in new[] { ipv4, ipv6 }.OfType<(IPAddress, IPAddress, int)>())
        {
            AddAddress(eth0.Index, address, prefixLength);
            AddDefaultRoute(eth0.Index, gateway);
        }

        AwaitRest();
    }
}
