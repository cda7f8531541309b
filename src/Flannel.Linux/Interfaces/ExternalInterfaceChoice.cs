using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Extensibility;

namespace Flannel.Linux.Interfaces;

/// <summary>
/// One choice of the external interface: a function of a snapshot of the host, the options and the address families, without any effect.
/// Along the way it notes why selectors failed and interfaces were refused, so that a failure explains itself.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class ExternalInterfaceChoice
{
    private readonly HostSnapshot _host;
    private readonly ExternalInterfaceOptions _options;
    private readonly bool _ipv4;
    private readonly bool _ipv6;
    private readonly IPAddress? _publicIP;
    private readonly IPAddress? _publicIPv6;
    private readonly List<string> _problems = [];
    private readonly Dictionary<int, List<string>> _refusals = [];
    private string _otherwise = "it was not asked for"; // the refusal of those that no selector looked at

    private ExternalInterfaceChoice(HostSnapshot host, ExternalInterfaceOptions options, bool ipv4, bool ipv6)
    {
        _host = host;
        _options = options;
        _ipv4 = ipv4;
        _ipv6 = ipv6;
        _publicIP = ipv4 ? ParsePublic(options.PublicIP, AddressFamily.InterNetwork, nameof(options.PublicIP)) : null;
        _publicIPv6 = ipv6 ? ParsePublic(options.PublicIPv6, AddressFamily.InterNetworkV6, nameof(options.PublicIPv6)) : null;
    }

    /// <summary>Chooses the interface.</summary>
    /// <param name="host">The host's network.</param>
    /// <param name="options">How to choose.</param>
    /// <param name="ipv4">Whether the overlay has IPv4, so that the interface needs an IPv4 address.</param>
    /// <param name="ipv6">Whether the overlay has IPv6, so that the interface needs an IPv6 address.</param>
    /// <exception cref="ExternalInterfaceException">No interface fits.</exception>
    internal static ExternalInterface Make(HostSnapshot host, ExternalInterfaceOptions options, bool ipv4, bool ipv6) =>
        new ExternalInterfaceChoice(host, options, ipv4, ipv6).Make();

    // No interface name is taken for an address.
    private static IPAddress? ParseAddress(string? text) => AddressSyntax.TryParse(text, out IPAddress? address) ? address : null;

    private ExternalInterface Make()
    {
        foreach (Func<InterfaceMatch?> selector in Selectors())
        {
            if (selector() is { } match && Complete(match) is { } chosen)
                return chosen;
        }

        throw new ExternalInterfaceException(
            $"No interface can carry the overlay's {FamiliesText} packets: {string.Join("; ", _problems)}. " +
            "Correct the host's network, or name the interface (ExternalInterface.Name; flannel: --iface).",
            Report());
    }

    private IEnumerable<Func<InterfaceMatch?>> Selectors()
    {
        List<string> names = [.. _options.Names];
        if (!string.IsNullOrEmpty(_options.Name))
            names.Insert(0, _options.Name);

        foreach (string name in names)
            yield return () => ByNameOrAddress(name);
        foreach (string pattern in _options.Patterns)
            yield return () => ByPattern(pattern);
        if (!string.IsNullOrEmpty(_options.CanReach))
            yield return () => ByReachability(_options.CanReach);

        if (names.Count > 0 || _options.Patterns.Count > 0 || !string.IsNullOrEmpty(_options.CanReach))
            yield break;
        if ((_publicIP ?? _publicIPv6) is { } publicAddress)
        {
            _otherwise = $"it does not have the address {publicAddress}";
            string option = publicAddress == _publicIP
                ? "ExternalInterface.PublicIP; flannel: --public-ip"
                : "ExternalInterface.PublicIPv6; flannel: --public-ipv6";
            yield return () => ByAddress(publicAddress) ??
                Fail($"it is the public address ({option}), which selects the interface when nothing else does; behind NAT name the interface, too");
        }
        else
        {
            _otherwise = "the default route does not name it";
            yield return ByDefaultRoute;
        }
    }

    // Fills in what the selector left open, or refuses the interface.
    private ExternalInterface? Complete(InterfaceMatch match)
    {
        HostInterface chosen = match.Interface;
        IPAddress? address = _ipv4 ? match.Address ?? AddressOf(AddressFamily.InterNetwork, _publicIP) : null;
        IPAddress? addressIPv6 = _ipv6 ? match.AddressIPv6 ?? AddressOf(AddressFamily.InterNetworkV6, _publicIPv6) : null;
        if (_ipv4 && address is null)
            return Refuse(chosen, "it has no usable IPv4 address");
        if (_ipv6 && addressIPv6 is null)
            return Refuse(chosen, "it has no usable IPv6 address");
        if (chosen.Link.Mtu == 0)
            return Refuse(chosen, "its MTU is 0");

        return new ExternalInterface
        {
            Name = chosen.Name,
            Index = chosen.Index,
            Mtu = _host.MtuOf(chosen.Link),
            Address = address,
            AddressIPv6 = addressIPv6,
            PublicIP = _publicIP ?? address,
            PublicIPv6 = _publicIPv6 ?? addressIPv6,
            IsByDefaultRoute = match.IsByDefaultRoute,
        };

        // Of several the one that others are told: packets to it have to be expected there, and those from another would be a stranger's.
        IPAddress? AddressOf(AddressFamily family, IPAddress? published)
        {
            IEnumerable<IPAddress> usable = chosen.UsableAddresses(family);
            return usable.FirstOrDefault(one => one.Equals(published)) ?? usable.FirstOrDefault();
        }

        ExternalInterface? Refuse(HostInterface refused, string reason)
        {
            Note(refused, reason);
            _problems.Add($"{refused.Name} was found, but {reason}");
            return null;
        }
    }

    private string FamiliesText => (_ipv4, _ipv6) switch
    {
        (true, true) => "IPv4 and IPv6",
        (false, true) => "IPv6",
        _ => "IPv4",
    };

    private void Note(HostInterface refused, string reason)
    {
        if (!_refusals.TryGetValue(refused.Index, out List<string>? reasons))
            _refusals[refused.Index] = reasons = [];
        if (!reasons.Contains(reason))
            reasons.Add(reason);
    }

    private List<InterfaceCandidate> Report() =>
    [
        .. _host.Interfaces.Select(candidate => new InterfaceCandidate(
            candidate.Name,
            [.. candidate.UsableAddresses(AddressFamily.InterNetwork), .. candidate.UsableAddresses(AddressFamily.InterNetworkV6)],
            string.Join("; ", RefusalsOf(candidate)))),
    ];

    // What is wrong with it by itself comes last: it tells which of the others would do if they were asked for.
    private IEnumerable<string> RefusalsOf(HostInterface candidate)
    {
        IEnumerable<string> reasons = _refusals.TryGetValue(candidate.Index, out List<string>? noted) ? noted : [_otherwise];
        List<string> own = [];
        if (!candidate.Link.IsUp)
            own.Add(Down);
        if (candidate.Unsuitable is { } unsuitable)
            own.Add(unsuitable);
        if (_ipv4 && !candidate.UsableAddresses(AddressFamily.InterNetwork).Any())
            own.Add("it has no usable IPv4 address");
        if (_ipv6 && !candidate.UsableAddresses(AddressFamily.InterNetworkV6).Any())
            own.Add("it has no usable IPv6 address");
        return reasons.Union(own);
    }

    private IPAddress? ParsePublic(string? text, AddressFamily family, string option)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (ParseAddress(text) is { } address && address.AddressFamily == family)
            return address;

        string expected = family == AddressFamily.InterNetwork ? "an IPv4 address such as 192.0.2.1" : "an IPv6 address such as 2001:db8::1";
        throw new ExternalInterfaceException($"ExternalInterface.{option} is '{text}'; {expected} is expected.", Report());
    }
}
