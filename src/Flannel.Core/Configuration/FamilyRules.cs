using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flannel.Core.Addressing;

namespace Flannel.Core.Configuration;

/// <summary>The rules of a network configuration for one address family. Both families have the same ones with other numbers.</summary>
internal sealed class FamilyRules
{
    public static readonly FamilyRules IPv4 = new("", AddressFamily.InterNetwork, longestSubnet: 30, usualSubnet: 24);
    public static readonly FamilyRules IPv6 = new("IPv6", AddressFamily.InterNetworkV6, longestSubnet: 126, usualSubnet: 64);

    // A network holds at least four subnets: its length and the subnets' differ by two or more.
    private const int SmallestSplit = 2;

    private readonly int _longestSubnet;
    private readonly int _usualSubnet;

    private FamilyRules(string prefix, AddressFamily family, int longestSubnet, int usualSubnet)
    {
        Family = family;
        NetworkKey = prefix + "Network";
        LengthKey = prefix + "SubnetLen";
        MinKey = prefix + "SubnetMin";
        MaxKey = prefix + "SubnetMax";
        _longestSubnet = longestSubnet;
        _usualSubnet = usualSubnet;
    }

    public AddressFamily Family { get; }

    public string NetworkKey { get; }

    public string LengthKey { get; }

    public string MinKey { get; }

    public string MaxKey { get; }

    public string NetworkForm => $"an {Name} range such as \"{(IsIPv4 ? "10.5.0.0/16" : "fd00:10:5::/48")}\"";

    public string AddressForm => $"an {Name} address such as \"{(IsIPv4 ? "10.5.1.0" : "fd00:10:5:1::")}\"";

    private bool IsIPv4 => Family == AddressFamily.InterNetwork;

    private string Name => IsIPv4 ? "IPv4" : "IPv6";

    /// <summary>Checks what no document could express: values of the other family. Holds for a family that is switched off too.</summary>
    public void CheckForm(FamilySettings given, ConfigProblems problems)
    {
        if (given.Network is { } network && network.BaseAddress.AddressFamily != Family)
        {
            problems.Add(NetworkKey, network, NetworkForm);
        }

        if (given.SubnetLength < 0)
        {
            problems.Add(LengthKey, given.SubnetLength, "a number that is not negative");
        }

        CheckAddress(MinKey, given.SubnetMin, problems);
        CheckAddress(MaxKey, given.SubnetMax, problems);
    }

    /// <summary>Fills in the defaults and adds every broken rule to the problems. A value that is already a problem is not judged again.</summary>
    public FamilySettings Complete(FamilySettings given, ConfigProblems problems)
    {
        Subnet? network = CheckNetwork(given.Network, problems);
        if (network is not { } whole)
        {
            return given;
        }

        int? length = CheckLength(given.SubnetLength, whole, problems);
        Subnet? min = CheckBound(MinKey, given.SubnetMin, whole, length, problems);
        Subnet? max = CheckBound(MaxKey, given.SubnetMax, whole, length, problems);
        if (length is not { } each)
        {
            return given;
        }

        // The first subnet is left out, as in flannel: its base address would be the network's own.
        min ??= problems.Has(MinKey) ? null : whole.Nth(1, each);
        max ??= problems.Has(MaxKey) ? null : whole.Nth(whole.CountOf(each) - 1, each);
        if (min is { } first && max is { } last && first.First > last.First)
        {
            if (given.SubnetMin is not null)
            {
                problems.Add(MinKey, first.BaseAddress, $"no address after {MaxKey}, which is {last.BaseAddress}");
            }
            else
            {
                problems.Add(MaxKey, last.BaseAddress, $"no address before {MinKey}, which is {first.BaseAddress} by default");
            }
        }

        return new FamilySettings(whole.ToNetwork(), each, min?.BaseAddress, max?.BaseAddress);
    }

    /// <summary>Takes out what <see cref="Complete"/> would fill in.</summary>
    public FamilySettings WithoutDefaults(FamilySettings complete)
    {
        var none = new ConfigProblems();
        FamilySettings usual = Complete(new FamilySettings(complete.Network, 0, null, null), none);
        FamilySettings bounds = Complete(new FamilySettings(complete.Network, complete.SubnetLength, null, null), none);
        return new FamilySettings(
            complete.Network,
            complete.SubnetLength == usual.SubnetLength ? 0 : complete.SubnetLength,
            Equals(complete.SubnetMin, bounds.SubnetMin) ? null : complete.SubnetMin,
            Equals(complete.SubnetMax, bounds.SubnetMax) ? null : complete.SubnetMax);
    }

    private void CheckAddress(string key, IPAddress? address, ConfigProblems problems)
    {
        if (address is not null && (address.AddressFamily != Family || (!IsIPv4 && address.ScopeId != 0)))
        {
            problems.Add(key, address, AddressForm);
        }
    }

    private Subnet? CheckNetwork(IPNetwork? given, ConfigProblems problems)
    {
        if (problems.Has(NetworkKey))
        {
            return null;
        }

        if (given is not { } network)
        {
            problems.AddMissing(NetworkKey, NetworkForm);
            return null;
        }

        var whole = new Subnet(network);
        int longest = _longestSubnet - SmallestSplit;
        if (whole.PrefixLength == 0)
        {
            problems.Add(NetworkKey, network, $"{NetworkForm}, not every address there is");
        }
        else if (whole.PrefixLength > longest)
        {
            problems.Add(NetworkKey, network, $"a range of at most /{longest}, so that four subnets of at most /{_longestSubnet} fit in");
        }
        else if (!IsIPv4 && network.BaseAddress.IsIPv4MappedToIPv6)
        {
            problems.Add(NetworkKey, network, $"{NetworkForm}, not IPv4 addresses in IPv6 form");
        }

        return problems.Has(NetworkKey) ? null : whole;
    }

    private int? CheckLength(int given, Subnet network, ConfigProblems problems)
    {
        int shortest = network.PrefixLength + SmallestSplit;
        if (problems.Has(LengthKey))
        {
            return null;
        }

        if (given == 0)
        {
            return Math.Max(_usualSubnet, shortest);
        }

        if (given >= shortest && given <= _longestSubnet)
        {
            return given;
        }

        problems.Add(LengthKey, given, $"{shortest} to {_longestSubnet} for the network {network}, or 0 to let it be computed");
        return null;
    }

    private Subnet? CheckBound(string key, IPAddress? given, Subnet network, int? length, ConfigProblems problems)
    {
        if (given is null || problems.Has(key))
        {
            return null;
        }

        if (!network.Contains(given))
        {
            problems.Add(key, given, $"an address in the network {network}");
            return null;
        }

        if (length is not { } each)
        {
            return null;
        }

        var subnet = new Subnet(given, each);
        if (subnet.First != AddressText.ToNumber(given))
        {
            problems.Add(key, given, string.Create(CultureInfo.InvariantCulture, $"the first address of a /{each}, such as {subnet.BaseAddress}"));
            return null;
        }

        return subnet;
    }
}
