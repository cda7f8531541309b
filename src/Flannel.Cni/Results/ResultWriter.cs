using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Flannel.Cni.Results;

/// <summary>Writes results in any version.</summary>
internal static class ResultWriter
{
    public static JsonObject Write(CniResult result, string version) =>
        CniVersions.IsAtLeast(version, "0.3.0") ? WriteLists(result, version) : WriteFamilies(result, version);

    public static JsonObject WriteDns(CniDns dns)
    {
        var json = new JsonObject();
        if (dns.NameServers.Count > 0) json["nameservers"] = Texts(dns.NameServers);
        if (dns.Domain is not null) json["domain"] = dns.Domain;
        if (dns.Search.Count > 0) json["search"] = Texts(dns.Search);
        if (dns.Options.Count > 0) json["options"] = Texts(dns.Options);
        return json;
    }

    private static JsonObject WriteLists(CniResult result, string version)
    {
        bool newest = CniVersions.IsAtLeast(version, "1.1.0");
        var json = new JsonObject { ["cniVersion"] = version };
        if (result.Interfaces.Count > 0) json["interfaces"] = Objects(result.Interfaces, link => WriteInterface(link, newest));
        if (result.Addresses.Count > 0)
            json["ips"] = Objects(result.Addresses, address => WriteAddress(address, withFamily: !CniVersions.IsAtLeast(version, "1.0.0")));
        if (result.Routes.Count > 0) json["routes"] = Objects(result.Routes, route => WriteRoute(route, newest));
        json["dns"] = result.Dns is null ? new JsonObject() : WriteDns(result.Dns);
        foreach ((string name, JsonNode? value) in result.Additional ?? []) json.TryAdd(name, value?.DeepClone());
        return json;
    }

    private static JsonObject WriteFamilies(CniResult result, string version)
    {
        var json = new JsonObject { ["cniVersion"] = version };
        foreach ((string name, AddressFamily family) in new[] { ("ip4", AddressFamily.InterNetwork), ("ip6", AddressFamily.InterNetworkV6) })
        {
            if (result.Addresses.FirstOrDefault(address => address.Address.AddressFamily == family) is not { } first) continue;
            var entry = new JsonObject { ["ip"] = $"{first.Address}/{first.PrefixLength}" };
            if (first.Gateway is not null) entry["gateway"] = first.Gateway.ToString();
            CniRoute[] routes = [.. result.Routes.Where(route => route.Destination.BaseAddress.AddressFamily == family)];
            if (routes.Length > 0) entry["routes"] = Objects(routes, static route => WriteRoute(route, newest: false));
            json[name] = entry;
        }

        json["dns"] = result.Dns is null ? new JsonObject() : WriteDns(result.Dns);
        return json;
    }

    private static JsonObject WriteInterface(CniInterface link, bool newest)
    {
        var json = new JsonObject { ["name"] = link.Name };
        if (link.Mac is not null) json["mac"] = link.Mac;
        if (newest && link.Mtu is not null) json["mtu"] = link.Mtu;
        if (link.Sandbox is not null) json["sandbox"] = link.Sandbox;
        if (newest && link.SocketPath is not null) json["socketPath"] = link.SocketPath;
        if (newest && link.PciId is not null) json["pciID"] = link.PciId;
        return json;
    }

    private static JsonObject WriteAddress(CniAddress address, bool withFamily)
    {
        var json = new JsonObject();
        if (withFamily) json["version"] = address.Address.AddressFamily == AddressFamily.InterNetwork ? "4" : "6";
        if (address.Interface is not null) json["interface"] = address.Interface;
        json["address"] = $"{address.Address}/{address.PrefixLength}";
        if (address.Gateway is not null) json["gateway"] = address.Gateway.ToString();
        return json;
    }

    private static JsonObject WriteRoute(CniRoute route, bool newest)
    {
        var json = new JsonObject { ["dst"] = route.Destination.ToString() };
        if (route.Gateway is not null) json["gw"] = route.Gateway.ToString();
        if (!newest) return json;
        if (route.Mtu is not null) json["mtu"] = route.Mtu;
        if (route.AdvertisedMss is not null) json["advmss"] = route.AdvertisedMss;
        if (route.Priority is not null) json["priority"] = route.Priority;
        if (route.Table is not null) json["table"] = route.Table;
        if (route.Scope is not null) json["scope"] = route.Scope;
        return json;
    }

    private static JsonArray Objects<T>(IReadOnlyList<T> values, Func<T, JsonObject> write) => new([.. values.Select(write)]);

    private static JsonArray Texts(IReadOnlyList<string> values) => new([.. values.Select(static value => (JsonNode)value)]);
}
