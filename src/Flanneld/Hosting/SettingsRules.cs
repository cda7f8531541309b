using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Flannel.Extensibility;
using Flanneld.CommandLine;

namespace Flanneld.Hosting;

/// <summary>
/// What flags may say. The packages check their options as well, but speak of options; an operator is told the flag, the value and what is allowed.
/// All problems are found at once.
/// </summary>
internal sealed class SettingsRules
{
    private static readonly (string Option, Flag Flag)[] Options =
    [
        ("ExternalInterface.CanReach", FlanneldFlags.IfaceCanReach),
        ("ExternalInterface.PublicIP", FlanneldFlags.PublicIP),
        ("ExternalInterface.PublicIPv6", FlanneldFlags.PublicIPv6),
        ("ApiServer", FlanneldFlags.KubeApiUrl),
        ("KubeconfigFile", FlanneldFlags.KubeconfigFile),
        ("AnnotationPrefix", FlanneldFlags.KubeAnnotationPrefix),
    ];

    private readonly FlagValues _values;
    private readonly List<string> _problems = [];

    private SettingsRules(FlagValues values) => _values = values;

    /// <summary>A sentence for each thing that is wrong.</summary>
    public static IReadOnlyList<string> Check(FlagValues values)
    {
        var rules = new SettingsRules(values);
        rules.CheckAll();
        return rules._problems;
    }

    /// <summary>A problem that the packages' rules found, with the flag in place of the option.</summary>
    public static string InFlags(string problem)
    {
        foreach ((string option, Flag flag) in Options)
        {
            if (problem.StartsWith($"Property {option}: ", StringComparison.Ordinal))
                return $"flag -{flag.Name} {problem[(option.Length + "Property : ".Length)..]}";
        }

        return problem;
    }

    private void CheckAll()
    {
        if (_values.Arguments is [string argument, ..])
        {
            _problems.Add(
                $"\"{argument}\" is no flag, and nothing behind it would be read; a flag starts with -, and the value of a switch is joined by =, " +
                "as in -ip-masq=false");
        }

        CheckChoice(FlanneldFlags.Store, "etcd", "memory");
        if (_values.IsOn(FlanneldFlags.KubeSubnetMgr)) CheckKubernetes();
        else CheckEtcd();

        foreach (string pattern in _values.List(FlanneldFlags.IfaceRegex)) CheckPattern(pattern);
        CheckAddress(FlanneldFlags.IfaceCanReach, family: null);
        CheckAddress(FlanneldFlags.PublicIP, AddressFamily.InterNetwork);
        CheckAddress(FlanneldFlags.PublicIPv6, AddressFamily.InterNetworkV6);

        if (_values.TextOrNull(FlanneldFlags.SubnetFile) is null) Refuse(FlanneldFlags.SubnetFile, "it must be a path");
        CheckRange(FlanneldFlags.SubnetLeaseRenewMargin, 1, 1439);
        CheckRange(FlanneldFlags.IptablesResync, 1, 86_400);
        foreach (string destination in _values.List(FlanneldFlags.IpMasqExclude))
        {
            if (!AddressSyntax.TryParseNetwork(destination, out _))
                Refuse(FlanneldFlags.IpMasqExclude, "it must be a network such as 10.0.0.0/8", destination);
        }

        CheckRange(FlanneldFlags.UdpThreadPairs, 1, 64);
        CheckRange(FlanneldFlags.UdpBusyPoll, 0, 1000);
        CheckChoices(FlanneldFlags.GuardAccept, GuardWords.Accepted);
        foreach (string sender in _values.List(FlanneldFlags.GuardSender))
        {
            if (!AddressSyntax.TryParseNetwork(sender, out _) && !AddressSyntax.TryParse(sender, out _))
                Refuse(FlanneldFlags.GuardSender, "it must be an address or a range such as 192.0.2.0/24", sender);
        }

        CheckChoices(FlanneldFlags.UdpAccept, UdpWords.Accepted);
        CheckChoices(FlanneldFlags.UdpWithout, [.. UdpWords.Offloads.Keys]);
        CheckRange(FlanneldFlags.HealthzPort, 0, ushort.MaxValue);
        CheckAddress(FlanneldFlags.HealthzIP, family: null);
    }

    // What etcd's flags say does not matter then, as in flannel.
    private void CheckKubernetes()
    {
        if (_values.IsGiven(FlanneldFlags.Store))
            Refuse(FlanneldFlags.Store, $"it cannot be given beside {_values.NameOf(FlanneldFlags.KubeSubnetMgr)}; remove one of them");
        if (_values.TextOrNull(FlanneldFlags.NetConfigPath) is null) Refuse(FlanneldFlags.NetConfigPath, "it must be a path");
        if (_values.TextOrNull(FlanneldFlags.KubeApiUrl) is { } url
            && !(Uri.TryCreate(url, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"))
        {
            Refuse(
                FlanneldFlags.KubeApiUrl,
                "it must be https:// or http:// and a host, such as https://10.0.0.1:6443",
                url.Contains('@', StringComparison.Ordinal) ? "(not shown)" : url);
        }
    }

    private void CheckEtcd()
    {
        CheckChoice(FlanneldFlags.EtcdRenewal, "keepalive", "put");
        if (_values.Text(FlanneldFlags.EtcdPrefix).Trim('/').Length == 0)
            Refuse(FlanneldFlags.EtcdPrefix, "it must name a key, such as /coreos.com/network");
        CheckPair(FlanneldFlags.EtcdCertFile, FlanneldFlags.EtcdKeyFile);
        CheckPair(FlanneldFlags.EtcdUsername, FlanneldFlags.EtcdPassword);

        string[] endpoints = new Settings(_values).Endpoints;
        if (endpoints.Length == 0) Refuse(FlanneldFlags.EtcdEndpoints, "it must hold an address, such as http://127.0.0.1:2379");
        // With a user there may be a password, and a comma in it makes two endpoints of one.
        bool isSecret = endpoints.Any(static endpoint => endpoint.Contains('@', StringComparison.Ordinal));
        foreach (string endpoint in endpoints) CheckEndpoint(endpoint, isSecret ? "(not shown)" : endpoint);
    }

    private void CheckEndpoint(string endpoint, string shown)
    {
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address)
            || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)
            || address.Host.Length == 0 || address.Port == 0)
        {
            string problem = endpoint.Contains("://", StringComparison.Ordinal) ? "" : "it has no scheme; ";
            Refuse(
                FlanneldFlags.EtcdEndpoints,
                $"{problem}each must be http:// or https://, a host and a port, such as http://127.0.0.1:2379; several are separated by commas",
                shown);
            return;
        }

        // What stands before a comma in a password may look like a server.
        bool isPart = shown != endpoint && address.UserInfo.Length == 0;
        string server = isPart ? shown : address.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);
        if (address.UserInfo.Length > 0) Refuse(FlanneldFlags.EtcdEndpoints, "a user is given by -etcd-username and -etcd-password", server);
        if (address.PathAndQuery != "/" || address.Fragment.Length > 0)
            Refuse(FlanneldFlags.EtcdEndpoints, $"each must be scheme, host and port only, such as {server}", shown);
        if (address.Scheme == Uri.UriSchemeHttps) return;

        Flag[] files = [.. new[] { FlanneldFlags.EtcdCaFile, FlanneldFlags.EtcdCertFile, FlanneldFlags.EtcdKeyFile }.Where(IsSet)];
        if (files.Length > 0)
        {
            Refuse(
                FlanneldFlags.EtcdEndpoints,
                $"certificates ({string.Join(", ", files.Select(_values.NameOf))}) are of no use over http; write https, or leave them out",
                server);
        }

        if (IsSet(FlanneldFlags.EtcdUsername) && !_values.IsOn(FlanneldFlags.EtcdAllowInsecureCredentials))
        {
            Refuse(
                FlanneldFlags.EtcdEndpoints,
                "the password could be read on the way; write https, or allow it with -etcd-allow-insecure-credentials",
                server);
        }
    }

    private void CheckPair(Flag one, Flag other)
    {
        if (IsSet(one) == IsSet(other)) return;
        (Flag given, Flag missing) = IsSet(one) ? (one, other) : (other, one);
        _problems.Add($"{_values.NameOf(given)} is given without -{missing.Name}; both are needed, or neither");
    }

    private void CheckChoice(Flag flag, params string[] choices)
    {
        if (!choices.Contains(_values.Text(flag))) Refuse(flag, $"it must be {string.Join(" or ", choices)}");
    }

    private void CheckChoices(Flag flag, string[] choices)
    {
        foreach (string value in _values.List(flag).Where(value => !choices.Contains(value)))
            Refuse(flag, $"it must be {string.Join(" or ", choices)}", value);
    }

    private void CheckRange(Flag flag, long lowest, long highest)
    {
        long number = _values.Number(flag);
        if (number < lowest || number > highest) Refuse(flag, $"it must be {lowest} to {highest}");
    }

    private void CheckAddress(Flag flag, AddressFamily? family)
    {
        if (_values.TextOrNull(flag) is not { } text) return;
        if (AddressSyntax.TryParse(text, out IPAddress? address) && (family is null || address.AddressFamily == family)) return;
        string wanted = family switch
        {
            AddressFamily.InterNetwork => "an IPv4 address",
            AddressFamily.InterNetworkV6 => "an IPv6 address",
            _ => "an IP address",
        };
        Refuse(flag, $"it must be {wanted}");
    }

    private void CheckPattern(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.NonBacktracking);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            Refuse(
                FlanneldFlags.IfaceRegex, $"it must be a regular expression without look-around and back-references: {exception.Message}", pattern);
        }
    }

    private bool IsSet(Flag flag) => _values.TextOrNull(flag) is not null;

    private void Refuse(Flag flag, string allowed, string? value = null) =>
        _problems.Add($"{_values.NameOf(flag)} cannot be \"{(flag.IsSecret ? "(not shown)" : value ?? _values.Text(flag))}\": {allowed}");
}
