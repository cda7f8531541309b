using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flannel.Extensibility;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Routes;

namespace Flanneld.Docker;

/// <summary>
/// <c>flanneld docker-opts</c>: Docker's options from the subnet file, with the options, output and exit codes of flannel's <c>mk-docker-opts.sh</c>.
/// </summary>
internal static class DockerOptionsCommand
{
    private const string Prefix = "DOCKER_OPT_";

    private const int MinimumMtu = 68; // RFC 791: what every link carries in one piece

    private const uint MainTable = 254; // rtnetlink.h: RT_TABLE_MAIN

    private const string Usage =
        """
        usage: flanneld docker-opts [-f SUBNET-FILE] [-d OUTPUT] [-i] [-c] [-m] [-k NAME]

        Writes Docker's options from what flanneld got for this host, to be sourced or read by systemd (EnvironmentFile=).

          -f  the subnet file (default /run/flannel/subnet.env)
          -d  the file to write (default /run/docker_opts.env)
          -i  each option as a separate variable: DOCKER_OPT_BIP, DOCKER_OPT_IPMASQ, DOCKER_OPT_MTU
          -c  all options in one variable
          -k  the name of that variable (default DOCKER_OPTS)
          -m  without --ip-masq
          Neither -i nor -c means both.

        """;

    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> arguments, TextWriter errors)
    {
        if (DockerOptions.Parse(arguments, out string problem) is not { } options)
        {
            if (problem.Length > 0) errors.WriteLine($"flanneld docker-opts: {problem}");
            errors.Write(Usage);
            return 1; // as the script, for which help is no success
        }

        try
        {
            SortedDictionary<string, string> variables = Environment();
            if (!TryRead(options.SubnetFile, variables, out problem) || !TryAddOptions(variables, options, out problem))
            {
                errors.WriteLine($"flanneld docker-opts: {problem}");
                return 1;
            }

            File.WriteAllText(options.Output, Write(variables, options));
            if (FindForeignRoute(variables.GetValueOrDefault("FLANNEL_SUBNET", "")) is not { } route) return 0;
            errors.WriteLine($"flanneld docker-opts: the routing table already contains the subnet: {route}");
            return 1;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NetlinkException)
        {
            errors.WriteLine($"flanneld docker-opts: {exception.Message}");
            return 1;
        }
    }

    // Without the subnet file Docker would start with another network than flannel's; its unit must not get that far.
    private static bool TryRead(string file, SortedDictionary<string, string> variables, out string problem)
    {
        problem = "";
        if (Directory.Exists(file))
        {
            problem = $"{file} is a directory; -f must name the subnet file";
            return false;
        }

        if (!File.Exists(file))
        {
            problem = $"there is no {file}; is flanneld ready, and is that its -subnet-file? Nothing is written";
            return false;
        }

        if (RegularFile.Refuse(file) is { } found)
        {
            problem = $"{file} is {found}; -f must name the subnet file";
            return false;
        }

        bool isSubnetFile = false;
        foreach ((string name, string value) in ShellVariables.Parse(File.ReadAllText(file)))
        {
            isSubnetFile |= name.StartsWith("FLANNEL_", StringComparison.Ordinal) || name.StartsWith("DOCKER_OPT", StringComparison.Ordinal);
            variables[name] = value;
        }

        if (!isSubnetFile) problem = $"{file} has none of flannel's variables, such as FLANNEL_SUBNET; is flanneld ready? Nothing is written";
        return isSubnetFile;
    }

    /// <summary>Adds the variables that the subnet file's stand for.</summary>
    public static bool TryAddOptions(IDictionary<string, string> variables, DockerOptions options, out string problem)
    {
        problem = "";
        string subnet = Value("FLANNEL_SUBNET") ?? "";
        if (subnet.Length > 0)
        {
            if (!TryParseSubnet(subnet, out _, out _))
            {
                problem = $"FLANNEL_SUBNET is \"{subnet}\"; it must be an IPv4 address and a length, such as 10.1.74.1/24. Nothing is written";
                return false;
            }

            variables[Prefix + "BIP"] = $"--bip={subnet}";
        }
        else if (!variables.ContainsKey(Prefix + "BIP"))
        {
            // Docker would start with another network than flannel's.
            problem = Value("FLANNEL_IPV6_SUBNET") is { Length: > 0 }
                ? $"{options.SubnetFile} has an IPv6 subnet only, and Docker's --bip needs an IPv4 one (FLANNEL_SUBNET). Nothing is written"
                : $"{options.SubnetFile} has no FLANNEL_SUBNET; is flanneld ready? Nothing is written";
            return false;
        }

        if (Value("FLANNEL_MTU") is { Length: > 0 } mtu)
        {
            if (!ushort.TryParse(mtu, NumberStyles.None, CultureInfo.InvariantCulture, out ushort bytes) || bytes < MinimumMtu)
            {
                problem = $"FLANNEL_MTU is \"{mtu}\"; it must be {MinimumMtu} to {ushort.MaxValue}. Nothing is written";
                return false;
            }

            variables[Prefix + "MTU"] = $"--mtu={mtu}";
        }

        if (!options.WithIpMasq || Value("FLANNEL_IPMASQ") is not { Length: > 0 } masq) return true;

        // If flanneld masquerades, Docker must not, and the other way round.
        switch (masq)
        {
            case "true": variables[Prefix + "IPMASQ"] = "--ip-masq=false"; return true;
            case "false": variables[Prefix + "IPMASQ"] = "--ip-masq=true"; return true;
            default:
                problem = $"FLANNEL_IPMASQ is \"{masq}\"; it must be true or false";
                return false;
        }

        string? Value(string name) => variables.TryGetValue(name, out string? value) ? value : null;
    }

    /// <summary>The output, byte for byte the script's.</summary>
    public static string Write(IReadOnlyDictionary<string, string> variables, DockerOptions options)
    {
        var text = new StringBuilder();
        var combined = new StringBuilder(variables.GetValueOrDefault(options.CombinedKey, ""));
        if (combined.Length > 0) combined.Append(' ');
        foreach ((string name, string value) in variables.Where(variable => variable.Key.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            if (options.WithIndividual) text.Append(name).Append("=\"").Append(value).Append("\"\n");
            combined.Append(' ').Append(value);
        }

        if (options.WithCombined) text.Append(options.CombinedKey).Append("=\"").Append(combined).Append("\"\n");
        return text.ToString();
    }

    /// <summary>A route that leads the host's own subnet through somebody else; Docker's bridge would never see its containers' packets.</summary>
    private static string? FindForeignRoute(string subnet)
    {
        if (!TryParseSubnet(subnet, out IPAddress? address, out int length)) return null;
        byte[] bytes = address.GetAddressBytes();
        bytes[^1]--; // the file has the subnet's first address, its base plus one
        using RouteNetlink netlink = RouteNetlink.Open();
        return netlink.GetRoutes(AddressFamily.InterNetwork, new RouteFilter { Table = MainTable })
            .Where(
                route => route.Gateway is not null && route.Destination.PrefixLength == length
                    && route.Destination.BaseAddress.GetAddressBytes().AsSpan().SequenceEqual(bytes))
            .Select(route => $"{route.Destination} via {route.Gateway}")
            .FirstOrDefault();
    }

    private static bool TryParseSubnet(string text, [NotNullWhen(true)] out IPAddress? address, out int length)
    {
        string[] parts = text.Split('/');
        length = 0;
        return AddressSyntax.TryParse(parts[0], out address)
            && address.AddressFamily == AddressFamily.InterNetwork
            && parts is [_, var digits] && !digits.StartsWith('0')
            && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out length)
            && length is >= 1 and <= 31;
    }

    private static SortedDictionary<string, string> Environment()
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
            variables[(string)variable.Key] = (string?)variable.Value ?? "";
        return variables;
    }
}
