using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Flannel.Containers.Addresses;

namespace Flannel;

public sealed partial class ContainerNetwork
{
    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.\-]{0,127}\z")]
    private static partial Regex Id { get; }

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.\-]{0,63}\z")]
    private static partial Regex Network { get; }

    private static void Validate(ContainerNetworkOptions options)
    {
        if (!Network.IsMatch(options.NetworkName))
        {
            throw Invalid(
                $"'{options.NetworkName}' is no name of a network: it needs 1 to 64 letters, digits, '.', '_' and '-', the first a letter or digit.");
        }

        if (options.Mode == ContainerMode.Bridge && !IsInterfaceName(options.BridgeName))
            throw Invalid($"'{options.BridgeName}' is no name of a bridge.");
    }

    private static Owner Validate(string containerId, string interfaceName)
    {
        if (containerId is null || !Id.IsMatch(containerId))
            throw Invalid($"'{containerId}' is no container's id: it needs 1 to 128 letters, digits, '.', '_' and '-', the first a letter or digit.");
        return IsInterfaceName(interfaceName)
            ? new Owner(containerId, interfaceName)
            : throw Invalid($"'{interfaceName}' is no name of an interface: it needs 1 to 15 bytes without white space, '/' and ':'.");
    }

    private static Owner Validate(ContainerAttachment attachment, bool needsNamespace = true)
    {
        ArgumentNullException.ThrowIfNull(attachment);
        Owner owner = Validate(attachment.ContainerId, attachment.InterfaceName);
        int namespaces = (attachment.Namespace is null ? 0 : 1) + (attachment.NamespacePath is null ? 0 : 1) + (attachment.ProcessId is null ? 0 : 1);
        if (namespaces > 1 || (needsNamespace && namespaces == 0))
            throw Invalid($"{owner} needs its namespace by path, by process or by handle, one of the three.");
        if (attachment.Addresses.GroupBy(static address => address.AddressFamily).Any(static family => family.Count() > 1))
            throw Invalid($"{owner} asks for two addresses of one family.");
        if (attachment.Mac is { } mac && (mac.GetAddressBytes() is not { Length: 6 } bytes || (bytes[0] & 1) != 0))
            throw Invalid($"{owner} asks for {mac}, which is no Ethernet address of one interface.");
        foreach (PortMapping mapping in attachment.PortMappings)
        {
            if (mapping.HostPort is < 1 or > 65535 || mapping.ContainerPort is < 1 or > 65535 || !Enum.IsDefined(mapping.Protocol))
                throw Invalid($"{owner} maps {mapping}, which is no port or no protocol.");
        }

        if (attachment.PortMappings.GroupBy(static mapping => (mapping.HostPort, mapping.Protocol, mapping.HostAddress))
            .FirstOrDefault(static same => same.Count() > 1) is { } twice)
        {
            throw Invalid($"{owner} maps the host's port {twice.Key.HostPort}/{twice.Key.Protocol} twice.");
        }

        return owner;
    }

    private static bool IsInterfaceName(string? name) =>
        !string.IsNullOrEmpty(name) && Encoding.UTF8.GetByteCount(name) <= 15 && name is not ("." or "..")
            && !name.AsSpan().ContainsAny('/', ':', '\0') && !name.Any(char.IsWhiteSpace);

    private static ContainerNetworkException Invalid(string message) => new(ContainerNetworkError.Invalid, message);

    /// <summary>What the request asks for, in an order that does not depend on the caller's.</summary>
    private static IEnumerable<string> Describe(ContainerAttachment attachment) =>
    [
        attachment.Mac?.ToString() ?? "",
        string.Join(' ', attachment.Addresses.OrderBy(static address => address.AddressFamily)),
        string.Join(' ', attachment.PortMappings.Select(static mapping => mapping.ToString()).Order(StringComparer.Ordinal)),
    ];

    private static bool IsIPv4(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork;
}
