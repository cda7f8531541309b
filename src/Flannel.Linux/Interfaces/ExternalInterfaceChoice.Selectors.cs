using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Linux.Interfaces;

/// <content>The selectors. Each returns what it found, or notes why it found nothing.</content>
internal sealed partial class ExternalInterfaceChoice
{
    private const string Down = "it is down";

    private InterfaceMatch? ByNameOrAddress(string text)
    {
        if (ParseAddress(text) is { } address)
            return ByAddress(address);

        HostInterface? named = _host.Interfaces.FirstOrDefault(candidate => candidate.IsNamed(text));
        if (named is null)
            return Fail($"there is no interface '{text}'");
        return IsTakenIfNamed(named) ? new InterfaceMatch(named) : Fail($"'{text}' was found, but {Down}");
    }

    // With both families one interface must do for both: the owner of the IPv4 address, which must own the public IPv6 address too if there is one.
    private InterfaceMatch? ByAddress(IPAddress address)
    {
        bool isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        if (isIPv6 ? !_ipv6 : !_ipv4)
            return Fail($"{address} was asked for, but the network has {FamiliesText} only");

        if (isIPv6)
            address = _ipv4 ? _publicIPv6 ?? address : address;
        if (OwnerOf(address) is not { } owner)
            return null;
        if (isIPv6)
            return new InterfaceMatch(owner, AddressIPv6: address);
        if (!_ipv6 || _publicIPv6 is null)
            return new InterfaceMatch(owner, address);
        if (OwnerOf(_publicIPv6) is not { } ownerIPv6)
            return null;
        if (ownerIPv6 == owner)
            return new InterfaceMatch(owner, address, _publicIPv6);

        Note(owner, $"it has {address} but not {_publicIPv6}");
        Note(ownerIPv6, $"it has {_publicIPv6} but not {address}");
        return Fail($"{address} is on {owner.Name} but {_publicIPv6} on {ownerIPv6.Name}, and one interface must have both");
    }

    private HostInterface? OwnerOf(IPAddress address)
    {
        foreach (HostInterface candidate in _host.Interfaces)
        {
            if (candidate.Owns(address) && IsTakenIfNamed(candidate))
                return candidate;
        }

        Fail($"no interface that is up has the address {address}");
        return null;
    }

    private InterfaceMatch? ByPattern(string pattern)
    {
        Regex regex;
        try
        {
            // Like flannel's RE2: unanchored, and in time linear in the input whatever the pattern.
            regex = new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            return Fail($"'{pattern}' is not a regular expression that can be used: {exception.Message.TrimEnd('.')}");
        }

        foreach (HostInterface candidate in _host.Interfaces)
        {
            IPAddress? address = _ipv4 ? Matching(candidate, AddressFamily.InterNetwork) : null;
            IPAddress? addressIPv6 = _ipv6 ? Matching(candidate, AddressFamily.InterNetworkV6) : null;
            if ((!_ipv4 || address is not null) && (!_ipv6 || addressIPv6 is not null) && IsTakenUnnamed(candidate))
                return new InterfaceMatch(candidate, address, addressIPv6);
        }

        foreach (HostInterface candidate in _host.Interfaces)
        {
            if ((regex.IsMatch(candidate.Name) || candidate.Link.AlternativeNames.Any(regex.IsMatch)) && IsTakenUnnamed(candidate))
                return new InterfaceMatch(candidate);
        }

        return Fail($"no usable interface has an address or a name that matches '{pattern}'");

        IPAddress? Matching(HostInterface candidate, AddressFamily family) =>
            candidate.UsableAddresses(family).FirstOrDefault(address => regex.IsMatch(address.ToString()));
    }

    private InterfaceMatch? ByReachability(string text)
    {
        if (ParseAddress(text) is not { } target)
            return Fail($"'{text}' (ExternalInterface.CanReach) is not an IP address");

        bool isIPv6 = target.AddressFamily == AddressFamily.InterNetworkV6;
        if (isIPv6 ? !_ipv6 : !_ipv4)
            return Fail($"{target} (ExternalInterface.CanReach) was given, but the network has {FamiliesText} only");
        if (_host.FindRoute(target) is not { } route || _host.Find(route.LinkIndex) is not { } found)
            return Fail($"the kernel has no route to {target} (ExternalInterface.CanReach)");
        if (!IsTakenUnnamed(found))
            return Fail($"the kernel reaches {target} (ExternalInterface.CanReach) through {found.Name}, which cannot be used");

        return isIPv6 ? new InterfaceMatch(found, AddressIPv6: route.PreferredSource) : new InterfaceMatch(found, route.PreferredSource);
    }

    private InterfaceMatch? ByDefaultRoute()
    {
        HostInterface? found = null;
        foreach (AddressFamily family in Families())
        {
            string name = family == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
            if (_host.DefaultRoute(family) is not { } route)
                return Fail($"there is no {name} default route in the main table");
            if (HostSnapshot.LinksOf(route).ToArray() is not [int link])
                return Fail($"the {name} default route has several next hops, {NamesOf(route)}, so it does not tell one interface");
            if (_host.Find(link) is not { } current)
                return Fail($"the {name} default route leaves through an interface (index {link}) that has just gone");
            if (!IsTakenUnnamed(current))
                return Fail($"the {name} default route leaves through {current.Name}, which cannot be used");
            if (found is not null && found != current)
            {
                Note(found, "only the IPv4 default route leaves through it");
                Note(current, "only the IPv6 default route leaves through it");
                return Fail(
                    $"the IPv4 default route leaves through {found.Name} but the IPv6 one through {current.Name}, and one interface must serve both");
            }

            found = current;
        }

        return found is null ? null : new InterfaceMatch(found, IsByDefaultRoute: true);
    }

    private string NamesOf(RouteEntry route) =>
        "over " + string.Join(" and ", HostSnapshot.LinksOf(route).Select(link => _host.Find(link)?.Name ?? $"index {link}"));

    private IEnumerable<AddressFamily> Families()
    {
        if (_ipv4)
            yield return AddressFamily.InterNetwork;
        if (_ipv6)
            yield return AddressFamily.InterNetworkV6;
    }

    // The operator who names an interface, or its address, may have reasons for any kind of it; but nothing leaves through one that is down.
    private bool IsTakenIfNamed(HostInterface candidate)
    {
        if (!candidate.Link.IsUp)
            Note(candidate, Down);
        return candidate.Link.IsUp;
    }

    private bool IsTakenUnnamed(HostInterface candidate)
    {
        if (candidate.Unsuitable is { } unsuitable)
            Note(candidate, unsuitable);
        return IsTakenIfNamed(candidate) && candidate.Unsuitable is null;
    }

    private InterfaceMatch? Fail(string problem)
    {
        _problems.Add(problem);
        return null;
    }
}
