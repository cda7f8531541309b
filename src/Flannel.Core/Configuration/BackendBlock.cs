using System.Text.Json;
using Flannel.Core.Json;

namespace Flannel.Core.Configuration;

/// <summary>The <c>Backend</c> member of a network configuration. Only its <c>Type</c> is read here; the rest is the backend's to bind.</summary>
internal static class BackendBlock
{
    /// <summary>Its key in <see cref="NetworkConfigProblem.Key"/>.</summary>
    public const string Key = "Backend";

    /// <summary>The key of its <c>Type</c> in <see cref="NetworkConfigProblem.Key"/>.</summary>
    public const string TypeKey = "Backend.Type";

    // One level less than a whole document, which the block becomes a part of.
    private const int MaxDepth = NetworkConfigReader.MaxDepth - 1;

    /// <summary>Reads a block.</summary>
    /// <param name="text">The block as JSON text.</param>
    /// <param name="problem">What is wrong with it, or <see langword="null"/>.</param>
    /// <returns>
    /// The compact text (or <paramref name="text"/> itself if it is not JSON), and the type in lower case (empty if there is none).
    /// </returns>
    public static (string Text, string Type) Read(string text, out NetworkConfigProblem? problem)
    {
        if (GoJson.TryCompact(text, MaxDepth) is not { } compact)
        {
            problem = new NetworkConfigProblem(Key, GoJson.Excerpt(text), "JSON, an object such as {\"Type\":\"vxlan\"}");
            return (text, "");
        }

        using JsonDocument document = JsonDocument.Parse(compact);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            problem = new NetworkConfigProblem(
                Key,
                GoJson.Excerpt(document.RootElement),
                "an object such as {\"Type\":\"vxlan\"}; without the key the backend is udp");
            return (compact, "");
        }

        JsonElement? type = null;
        foreach (JsonProperty member in document.RootElement.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.Null && GoJson.NameOf(member).Equals("Type", StringComparison.OrdinalIgnoreCase))
            {
                type = member.Value;
            }
        }

        string name = type is { } found ? GoJson.StringOf(found) ?? "" : "";
        problem = name.Length > 0
            ? null
            : new NetworkConfigProblem(TypeKey, type is { } value ? GoJson.Excerpt(value) : "", "the name of a backend, such as \"vxlan\"");
        return (compact, name.ToLowerInvariant());
    }
}
