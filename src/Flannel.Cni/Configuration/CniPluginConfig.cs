using System.Text.Json.Nodes;

namespace Flannel.Cni;

/// <summary>One plugin of a network list.</summary>
public sealed class CniPluginConfig
{
    internal CniPluginConfig(string type, IReadOnlyCollection<string> capabilities, JsonObject json)
    {
        Type = type;
        Capabilities = capabilities;
        Json = json;
    }

    /// <summary>The name of its file, without a folder.</summary>
    public string Type { get; }

    /// <summary>What it declares to understand in <c>runtimeConfig</c>.</summary>
    public IReadOnlyCollection<string> Capabilities { get; }

    /// <summary>Its configuration as it is written down. Do not change it.</summary>
    public JsonObject Json { get; }
}
