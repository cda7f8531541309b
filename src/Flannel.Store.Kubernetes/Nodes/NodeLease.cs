using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flannel.Extensibility;
using Flannel.Store.Kubernetes.Access;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.Nodes;

/// <summary>A Node as a lease: its podCIDRs are the subnets, its annotations what the holder publishes.</summary>
internal static class NodeLease
{
    private const string NoData = "null";

    /// <summary>What a Node says of a peer, right or wrong; <see langword="null"/> if no agent looks after it, so that it is no peer.</summary>
    public static PeerEntry? ToPeer(ApiObject node)
    {
        if (!node.Annotations.IsManaged)
            return null;
        var entry = new PeerEntry(node.Name)
        {
            Incarnation = node.Uid,
            CreateRevision = AgeOf(node),
            ModRevision = node.Version ?? 0,
        };
        NodeSubnets subnets = NodeSubnets.Read(node, out string? problem);
        if (problem is not null)
            return entry with { Problem = problem };
        if (subnets is { IPv4: null, IPv6: null })
            return entry with { Problem = "it has no podCIDR (yet)" };

        // While a cluster is changed to dual stack, a Node may have both subnets and publish one address: it is reached over that.
        bool hasIPv4 = Has(node, Annotation.PublicIP);
        bool hasIPv6 = Has(node, Annotation.PublicIPv6);
        IPNetwork? ipv4 = hasIPv4 || !hasIPv6 ? subnets.IPv4 : null;
        IPNetwork? ipv6 = hasIPv6 || !hasIPv4 ? subnets.IPv6 : null;
        if (ipv4 is null && ipv6 is null)
            (ipv4, ipv6) = (subnets.IPv4, subnets.IPv6);
        LeaseAttributes? attributes = ReadAttributes(node.Annotations, out problem);
        return entry with { Subnets = new SubnetKey(ipv4, ipv6), Attributes = attributes, Problem = problem };
    }

    /// <summary>Reads what the annotations publish.</summary>
    /// <param name="annotations">The annotations.</param>
    /// <param name="problem">What is wrong with them, or <see langword="null"/>.</param>
    public static LeaseAttributes? ReadAttributes(AnnotationSet annotations, out string? problem)
    {
        Annotation[] read =
            [Annotation.BackendType, Annotation.BackendData, Annotation.BackendV6Data, Annotation.PublicIP, Annotation.PublicIPv6];
        foreach (Annotation name in read)
        {
            if (!annotations.IsTooLong(name))
                continue;
            problem = $"its annotation {Word(name)} is longer than {AnnotationSet.MaxLength} bytes";
            return null;
        }

        IPAddress? ipv4 = ReadAddress(annotations, Annotation.PublicIP, AddressFamily.InterNetwork, out problem);
        IPAddress? ipv6 = problem is null ? ReadAddress(annotations, Annotation.PublicIPv6, AddressFamily.InterNetworkV6, out problem) : null;
        if (problem is not null)
            return null;
        string? data = DataOf(annotations, Annotation.BackendData);
        string? v6Data = DataOf(annotations, Annotation.BackendV6Data);
        try
        {
            return new LeaseAttributes
            {
                PublicIP = ipv4,
                PublicIPv6 = ipv6,
                BackendType = annotations[Annotation.BackendType],
                BackendData = data,
                BackendV6Data = v6Data,
            };
        }
        catch (ArgumentException error)
        {
            // Its message names the property, which the annotation is the text of.
            problem = $"its backend data cannot be used: {error.Message}";
            return null;
        }
    }

    /// <summary>The annotations that publish a lease, as flannel writes them.</summary>
    public static Dictionary<Annotation, string> ToAnnotations(LeaseAttributes attributes)
    {
        var annotations = new Dictionary<Annotation, string>
        {
            [Annotation.Managed] = "true",
            [Annotation.BackendType] = attributes.BackendType ?? "",
        };
        // Backends with keys or MACs publish nothing for a family that they do not carry.
        bool hasKeys = attributes.BackendType is "vxlan" or "wireguard";
        if (attributes.PublicIP is { } ipv4 && (attributes.BackendData is not null || attributes.BackendType != "vxlan"))
        {
            annotations[Annotation.BackendData] = attributes.BackendData ?? NoData;
            annotations[Annotation.PublicIP] = ipv4.ToString();
        }

        if (attributes.PublicIPv6 is { } ipv6 && (attributes.BackendV6Data is not null || !hasKeys))
        {
            annotations[Annotation.BackendV6Data] = attributes.BackendV6Data ?? NoData;
            annotations[Annotation.PublicIPv6] = ipv6.ToString();
        }

        return annotations;
    }

    /// <summary>
    /// What the node publishes after an administrator has had his say: the addresses that annotations put in place of the host's own.
    /// </summary>
    /// <param name="attributes">What the node would publish.</param>
    /// <param name="node">Its Node.</param>
    /// <param name="config">The network, in which no host's address may lie.</param>
    /// <param name="problem">What is wrong with an annotation, or <see langword="null"/>.</param>
    public static LeaseAttributes Overwrite(LeaseAttributes attributes, ApiObject node, NetworkConfig config, out string? problem)
    {
        IPAddress? ipv4 = ReadAddress(node.Annotations, Annotation.PublicIPOverwrite, AddressFamily.InterNetwork, out problem);
        IPAddress? ipv6 = problem is null
            ? ReadAddress(node.Annotations, Annotation.PublicIPv6Overwrite, AddressFamily.InterNetworkV6, out problem)
            : null;
        problem ??= Refuse(ipv4, Annotation.PublicIPOverwrite, config) ?? Refuse(ipv6, Annotation.PublicIPv6Overwrite, config);
        if (problem is not null)
            return attributes;
        return attributes with
        {
            PublicIP = attributes.PublicIP is null ? null : ipv4 ?? attributes.PublicIP,
            PublicIPv6 = attributes.PublicIPv6 is null ? null : ipv6 ?? attributes.PublicIPv6,
        };
    }

    /// <summary>Peers would refuse an address by which nobody reaches a host.</summary>
    private static string? Refuse(IPAddress? address, Annotation name, NetworkConfig config) =>
        address is not null && PeerTracker.RefuseAddress(address, config) is { } reason
            ? $"its annotation {Word(name)} is {address}, which {reason}"
            : null;

    /// <summary>An address that an annotation holds; an empty one is none.</summary>
    public static IPAddress? ReadAddress(AnnotationSet annotations, Annotation name, AddressFamily family, out string? problem)
    {
        problem = null;
        if (annotations[name] is not { Length: > 0 } text)
            return null;
        IPAddress? address = AddressForm.Parse(text, family);
        if (address is null)
        {
            problem = $"its annotation {Word(name)} is {ForeignText.Show(text)}, which is no " +
                $"{(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")} address";
        }

        return address;
    }

    /// <summary>How old a Node is, in the order of ages: of two that claim one subnet the older one is right.</summary>
    public static long AgeOf(ApiObject node) =>
        DateTimeOffset.TryParse(node.Created, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset created)
            ? created.ToUnixTimeSeconds()
            : long.MaxValue;

    private static bool Has(ApiObject node, Annotation name) => node.Annotations[name] is { Length: > 0 } || node.Annotations.IsTooLong(name);

    private static string? DataOf(AnnotationSet annotations, Annotation name) =>
        annotations[name] is { } text && text.Trim() is { Length: > 0 } data && data != NoData ? data : null;

    private static string Word(Annotation name) => AnnotationNames.WordOf(name);
}
