using System.Text.Json.Nodes;
using Flannel.Cni;
using FlannelCni.Subnets;

namespace FlannelCni.Delegates;

/// <summary>The configuration of the plugin that does the work: the user's <c>delegate</c>, completed by the subnet file.</summary>
internal static class DelegateConfig
{
    private const string Bridge = "bridge";

    /// <exception cref="CniException">The configuration cannot be used (<see cref="CniErrorCode.InvalidConfiguration"/>).</exception>
    public static JsonObject Build(JsonObject config, string name, SubnetEnv subnet)
    {
        JsonObject made = ObjectOf(config, "delegate") is { } given ? (JsonObject)given.DeepClone() : [];
        if (made.ContainsKey("name")) throw Refused("'delegate' has a name: it gets the network's, so leave it out.");
        if (made.ContainsKey("ipam")) throw Refused("'delegate' has an 'ipam': write it beside 'delegate', and flannel completes it.");
        string type = TypeOf(config);
        made["name"] = name;
        made["type"] = type;
        made.TryAdd("ipMasq", !subnet.IsMasquerading);
        made.TryAdd("mtu", subnet.Mtu);
        if (type == Bridge) made.TryAdd("isGateway", true);
        if (config["cniVersion"] is JsonValue version && version.TryGetValue(out string? text) && text.Length > 0) made["cniVersion"] = text;
        if (config["runtimeConfig"] is { } runtime) made["runtimeConfig"] = runtime.DeepClone();
        made["ipam"] = AddressesOf(config, subnet);
        return made;
    }

    /// <summary>The delegate's type, which is <c>bridge</c> unless the configuration says otherwise.</summary>
    public static string TypeOf(JsonObject config) => ObjectOf(config, "delegate")?["type"] switch
    {
        null => Bridge,
        JsonValue value when value.TryGetValue(out string? type) && CniNames.IsPluginType(type) => type,
        _ => throw Refused("'delegate.type' is no name of a plugin."),
    };

    private static JsonObject AddressesOf(JsonObject config, SubnetEnv subnet)
    {
        JsonObject made = ObjectOf(config, "ipam") is { } given ? (JsonObject)given.DeepClone() : [];
        made.TryAdd("type", "host-local");
        made["ranges"] = new JsonArray([.. subnet.Subnets.Select(static range => new JsonArray(new JsonObject { ["subnet"] = range.ToString() }))]);
        JsonArray routes = made["routes"] switch
        {
            null => [],
            JsonArray array => (JsonArray)array.DeepClone(),
            _ => throw Refused("'ipam.routes' is no array."),
        };
        foreach (System.Net.IPNetwork network in subnet.Networks) routes.Add((JsonNode)new JsonObject { ["dst"] = network.ToString() });
        made["routes"] = routes;
        return made;
    }

    private static JsonObject? ObjectOf(JsonObject config, string name) =>
        config[name] switch { null => null, JsonObject found => found, _ => throw Refused($"'{name}' is no object.") };

    private static CniException Refused(string message) => new(CniErrorCode.InvalidConfiguration, message);
}
