using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Flannel.Cni.Json;

namespace Flannel.Cni.Results;

/// <summary>Reads results: before 0.3.0 one address per family, then lists.</summary>
internal static class ResultReader
{
    private static readonly string[] Lists = ["cniVersion", "interfaces", "ips", "routes", "dns"];

    public static CniResult Read(JsonObject json)
    {
        var members = new JsonMembers(json, "", CniErrorCode.DecodingFailure);
        string version = members.Text("cniVersion") is { Length: > 0 } given ? given : CniVersions.Implicit;
        return CniVersions.IsAtLeast(version, "0.3.0") ? ReadLists(members, version) : ReadFamilies(members, version);
    }

    public static CniDns? ReadDns(JsonMembers? members)
    {
        if (members is not { } dns) return null;
        var found = new CniDns
        {
            NameServers = dns.Texts("nameservers"),
            Domain = Filled(dns.Text("domain")),
            Search = dns.Texts("search"),
            Options = dns.Texts("options"),
        };
        return found.IsEmpty ? null : found;
    }

    private static CniResult ReadLists(JsonMembers members, string version)
    {
        CniInterface[] interfaces =
        [
            .. members.Objects("interfaces").Select(static entry => new CniInterface(entry.Text("name") ?? "")
            {
                Mac = Filled(entry.Text("mac")),
                Mtu = entry.Number("mtu") is { } mtu and not 0 ? mtu : null,
                Sandbox = Filled(entry.Text("sandbox")),
                SocketPath = Filled(entry.Text("socketPath")),
                PciId = Filled(entry.Text("pciID")),
            }),
        ];
        var additional = new JsonObject(
            members.Source.Where(static member => !Lists.Contains(member.Key))
                .Select(static member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));
        return new CniResult
        {
            CniVersion = version,
            Interfaces = interfaces,
            Addresses = [.. members.Objects("ips").Select(entry => ReadAddress(entry, "address", entry.Number("interface"), interfaces.Length))],
            Routes = [.. members.Objects("routes").Select(static entry => ReadRoute(entry))],
            Dns = ReadDns(members.Object("dns")),
            Additional = additional.Count == 0 ? null : additional,
        };
    }

    private static CniResult ReadFamilies(JsonMembers members, string version)
    {
        List<CniAddress> addresses = [];
        List<CniRoute> routes = [];
        foreach ((string name, AddressFamily family) in new[] { ("ip4", AddressFamily.InterNetwork), ("ip6", AddressFamily.InterNetworkV6) })
        {
            if (members.Object(name) is not { } found) continue;
            CniAddress address = ReadAddress(found, "ip", null, 0);
            if (address.Address.AddressFamily != family) throw found.Wrong("ip", $"an address of the family that {name} is for");
            addresses.Add(address);
            // What names no next hop goes through the family's gateway.
            routes.AddRange(
                found.Objects("routes").Select(static entry => ReadRoute(entry))
                    .Select(route => route.Gateway is null ? route with { Gateway = address.Gateway } : route));
        }

        return new CniResult { CniVersion = version, Addresses = addresses, Routes = routes, Dns = ReadDns(members.Object("dns")) };
    }

    private static CniAddress ReadAddress(JsonMembers entry, string name, int? index, int interfaces)
    {
        (IPAddress address, int length) = ReadPrefix(entry, name);
        // Plugins write -1 for "none".
        int? known = index is >= 0 ? index : null;
        if (known >= interfaces) throw entry.Wrong("interface", $"the index of one of the {interfaces} interfaces");
        return new CniAddress(address, length) { Gateway = ReadAddress(entry, "gateway"), Interface = known };
    }

    private static CniRoute ReadRoute(JsonMembers entry)
    {
        (IPAddress address, int length) = ReadPrefix(entry, "dst");
        return new CniRoute(NetworkOf(address, length))
        {
            Gateway = ReadAddress(entry, "gw"),
            Mtu = entry.Number("mtu"),
            AdvertisedMss = entry.Number("advmss"),
            Priority = entry.Number("priority"),
            Table = entry.Number("table"),
            Scope = entry.Number("scope"),
        };
    }

    private static (IPAddress Address, int Length) ReadPrefix(JsonMembers entry, string name)
    {
        string text = entry.Text(name) ?? "";
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && TryParse(text[..slash], out IPAddress? address)
            && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length)
            && length <= (address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)
            ? (address, length)
            : throw entry.Wrong(name, "an address with the length of its prefix, such as 10.1.2.3/24");
    }

    private static IPAddress? ReadAddress(JsonMembers entry, string name) => Filled(entry.Text(name)) is not { } text ? null
        : TryParse(text, out IPAddress? address) ? address : throw entry.Wrong(name, "an address");

    // Not 10.1, which .NET takes for 10.0.0.1, and no scope, which belongs to one host.
    private static bool TryParse(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IPAddress? address) =>
        IPAddress.TryParse(text, out address)
        && (address.AddressFamily == AddressFamily.InterNetwork ? text.Count(static c => c == '.') == 3 : !text.AsSpan().ContainsAny('%', '[', ']'));

    private static IPNetwork NetworkOf(IPAddress address, int length)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int bit = length; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }

    private static string? Filled(string? text) => text is { Length: > 0 } ? text : null;
}
