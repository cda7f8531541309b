using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Flannel.Store.Kubernetes.NetworkConfigs;

/// <summary>
/// A network configuration where the cluster gives the subnets: the keys that say which subnets are leased mean nothing, whatever stands in them,
/// and every address of the network may be in a Node's subnet.
/// </summary>
internal static class AssignedNetworkConfig
{
    private static readonly string[] Ignored = ["SubnetLen", "SubnetMin", "SubnetMax", "IPv6SubnetLen", "IPv6SubnetMin", "IPv6SubnetMax"];

    /// <summary>Reads and validates a document.</summary>
    /// <param name="document">The document.</param>
    /// <param name="source">Where it is, for messages.</param>
    /// <exception cref="NetworkConfigException">There is none, it cannot be read, or it breaks rules.</exception>
    public static NetworkConfig Parse(ConfigDocument document, string source)
    {
        if (document.Trouble is { } trouble)
            throw new NetworkConfigException(source, [new NetworkConfigProblem("", "", trouble)]);
        if (document.Bytes is not { } bytes)
        {
            throw new NetworkConfigException(
                source,
                [new NetworkConfigProblem("", "", """there is none; write one such as {"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}""")]);
        }

        NetworkConfig config = NetworkConfig.Parse(WithoutIgnored(bytes), source);
        return config with
        {
            SubnetMin = config.EnableIPv4 ? config.Network!.Value.BaseAddress : null,
            IPv6SubnetMin = config.EnableIPv6 ? config.IPv6Network!.Value.BaseAddress : null,
        };
    }

    /// <summary>Tells when a network does not hold the subnets that a Node was given.</summary>
    /// <exception cref="NetworkConfigException">It does not.</exception>
    public static void RequireContains(NetworkConfig config, SubnetKey subnets, string node, string source)
    {
        List<NetworkConfigProblem> problems = [];
        Check(config.Network, subnets.IPv4, nameof(config.Network));
        Check(config.IPv6Network, subnets.IPv6, nameof(config.IPv6Network));
        if (problems.Count > 0)
            throw new NetworkConfigException(source, problems);

        void Check(IPNetwork? network, IPNetwork? subnet, string key)
        {
            if (network is not { } whole || subnet is not { } part || (part.PrefixLength >= whole.PrefixLength && whole.Contains(part.BaseAddress)))
                return;
            string option = part.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? "an IPv4 range" : "an IPv6 range";
            problems.Add(new NetworkConfigProblem(
                key,
                $"\"{whole}\"",
                $"{option} that contains {part}, the podCIDR of the Node {node}; make it the range that the cluster gives to Nodes (kubeadm: " +
                "podSubnet; kube-controller-manager: --cluster-cidr)"));
        }
    }

    // A document that is no object is left as it is: whoever reads it says what is wrong.
    private static ReadOnlySpan<byte> WithoutIgnored(byte[] document)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(document);
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.EnumerateObject().Any(IsIgnored))
                return document;
            using var text = new MemoryStream();
            using (var writer = new Utf8JsonWriter(text))
            {
                writer.WriteStartObject();
                foreach (JsonProperty member in json.RootElement.EnumerateObject().Where(static member => !IsIgnored(member)))
                    member.WriteTo(writer);
                writer.WriteEndObject();
            }

            return text.ToArray();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            return document;
        }
    }

    private static bool IsIgnored(JsonProperty member) => Ignored.Contains(member.Name, StringComparer.OrdinalIgnoreCase);
}
