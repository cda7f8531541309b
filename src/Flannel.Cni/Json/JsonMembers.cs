using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flannel.Cni.Json;

/// <summary>The members of one object of others, each of the kind it has to be. A member that is <c>null</c> is one that is missing.</summary>
/// <param name="members">The object.</param>
/// <param name="where">Where it stands, as in <c>ips[0]</c>; empty for the whole document.</param>
/// <param name="code">What a member of another kind is.</param>
internal readonly struct JsonMembers(JsonObject members, string where, CniErrorCode code)
{
    public JsonObject Source => members;

    public string? Text(string name) => Value(name) is not { } node ? null
        : node is JsonValue value && value.TryGetValue(out string? text) ? text : throw Wrong(name, "text");

    public bool? Flag(string name) => Value(name) is not { } node ? null
        : node is JsonValue value && value.TryGetValue(out bool flag) ? flag : throw Wrong(name, "true or false");

    public int? Number(string name) => Value(name) is not { } node ? null
        : node is JsonValue value && value.GetValueKind() == JsonValueKind.Number
            && value.TryGetValue(out int number) ? number : throw Wrong(name, "a whole number");

    public JsonMembers? Object(string name) => Value(name) is not { } node ? null
        : node is JsonObject found ? new JsonMembers(found, PathOf(name), code) : throw Wrong(name, "an object");

    public IEnumerable<JsonMembers> Objects(string name)
    {
        if (Array(name) is not { } array) yield break;
        for (int index = 0; index < array.Count; index++)
        {
            string at = $"{name}[{index}]";
            yield return array[index] is JsonObject found ? new JsonMembers(found, PathOf(at), code) : throw Wrong(at, "an object");
        }
    }

    public IReadOnlyList<string> Texts(string name) => Array(name) is not { } array
        ? []
        : [.. Check(this, name, array)];

    public CniException Wrong(string name, string expected) => new(code, $"{PathOf(name)} is not {expected}.");

    private JsonNode? Value(string name) => members.TryGetPropertyValue(name, out JsonNode? node) ? node : null;

    private JsonArray? Array(string name) => Value(name) is not { } node ? null : node as JsonArray ?? throw Wrong(name, "an array");

    private string PathOf(string name) => where.Length == 0 ? name : $"{where}.{name}";

    private static IEnumerable<string> Check(JsonMembers members, string name, JsonArray array)
    {
        for (int index = 0; index < array.Count; index++)
        {
            yield return array[index] is JsonValue value && value.TryGetValue(out string? text)
                ? text
                : throw members.Wrong($"{name}[{index}]", "text");
        }
    }
}
