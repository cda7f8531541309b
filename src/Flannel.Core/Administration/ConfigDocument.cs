using System.Text;
using System.Text.Json;
using Flannel.Core.Configuration;
using Flannel.Core.Json;

namespace Flannel.Core.Administration;

/// <summary>The document that a network configuration is written as.</summary>
internal static class ConfigDocument
{
    /// <summary>
    /// Adds the members of the document there is that are no keys of a configuration: they are somebody's, and flannel ignores them. A document that
    /// is no JSON object has none.
    /// </summary>
    /// <param name="ours">The configuration as a JSON object.</param>
    /// <param name="existing">The document there is, or <see langword="null"/>.</param>
    public static string Merge(string ours, string? existing)
    {
        var text = new StringBuilder(ours, 0, ours.Length - 1, 256);
        foreach ((string name, string value) in UnknownMembers(existing))
        {
            if (text.Length > 1) text.Append(',');
            GoJson.AppendString(text, name);
            text.Append(':').Append(value);
        }

        return text.Append('}').ToString();
    }

    private static List<(string Name, string Value)> UnknownMembers(string? existing)
    {
        if (existing is null) return [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(existing, new JsonDocumentOptions { MaxDepth = NetworkConfigReader.MaxDepth });
            return document.RootElement.ValueKind != JsonValueKind.Object
                ? []
                :
                [
                    .. document.RootElement.EnumerateObject()
                        .Select(static member => (GoJson.NameOf(member), GoJson.Compact(member.Value.GetRawText())))
                        .Where(static member => !NetworkConfigReader.IsKey(member.Item1)),
                ];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Not JSON, or not UTF-8: there is nothing to keep.
            return [];
        }
    }
}
