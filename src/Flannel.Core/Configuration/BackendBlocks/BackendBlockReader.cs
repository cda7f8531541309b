using System.Text;
using System.Text.Json;
using Flannel.Core.Json;

namespace Flannel.Core.Configuration.BackendBlocks;

/// <summary>
/// Reads the members of a <c>Backend</c> block as flannel does: keys in any case, the last of several counts, null is absent, unknown ones are
/// ignored.
/// </summary>
internal sealed class BackendBlockReader
{
    private readonly string _type;
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase) { "Type" };
    private readonly List<(string Name, JsonElement Value)> _members = [];

    /// <param name="config">The configuration; it may be invalid.</param>
    /// <param name="type">The type that the block must be of.</param>
    public BackendBlockReader(NetworkConfig config, string type)
    {
        _type = type;
        if (config.Backend is { } block)
        {
            _ = BackendBlock.Read(block, out NetworkConfigProblem? problem);
            if (problem is not null)
            {
                Problems.Add(problem);
                return;
            }

            using JsonDocument document = JsonDocument.Parse(block);
            foreach (JsonProperty member in document.RootElement.EnumerateObject()) _members.Add((GoJson.NameOf(member), member.Value.Clone()));
        }

        if (config.BackendType != type)
            Problems.Add(new NetworkConfigProblem(BackendBlock.TypeKey, $"\"{config.BackendType}\"", $"\"{type}\" is expected here"));
    }

    /// <summary>What is wrong with the members read so far.</summary>
    public List<NetworkConfigProblem> Problems { get; } = [];

    /// <summary>The members that were not asked for, as a JSON object; <see langword="null"/> if there are none.</summary>
    public string? Others
    {
        get
        {
            var text = new StringBuilder();
            foreach ((string name, JsonElement value) in Unknown.Where(static member => member.Name.Length > 0))
            {
                text.Append(text.Length == 0 ? '{' : ',');
                GoJson.AppendString(text, name);
                text.Append(':').Append(GoJson.Compact(value.GetRawText()));
            }

            return text.Length == 0 ? null : text.Append('}').ToString();
        }
    }

    /// <summary>The names of the members that were not asked for.</summary>
    public IEnumerable<string> OtherNames => Unknown.Select(static member => member.Name);

    private IEnumerable<(string Name, JsonElement Value)> Unknown => _members.Where(member => !_known.Contains(member.Name));

    /// <summary>Reads a whole number.</summary>
    public int Number(string key, int absent, Func<int, bool> isAllowed, string allowed)
    {
        if (Find(key) is not { } element) return absent;
        if (element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value) && isAllowed(value)) return value;
        Refuse(key, element, allowed);
        return absent;
    }

    /// <summary>Reads a boolean, which is false if it is absent.</summary>
    public bool Truth(string key)
    {
        if (Find(key) is not { } element) return false;
        if (element.ValueKind is JsonValueKind.True or JsonValueKind.False) return element.GetBoolean();
        Refuse(key, element, "true or false");
        return false;
    }

    /// <summary>Reports everything that was found.</summary>
    /// <exception cref="NetworkConfigException">Something was found.</exception>
    public void ThrowIfAny()
    {
        if (Problems.Count > 0) throw new NetworkConfigException($"the Backend block of type {_type}", Problems);
    }

    private JsonElement? Find(string key)
    {
        _known.Add(key);
        JsonElement? found = null;
        foreach ((string name, JsonElement value) in _members)
        {
            if (value.ValueKind != JsonValueKind.Null && name.Equals(key, StringComparison.OrdinalIgnoreCase)) found = value;
        }

        return found;
    }

    private void Refuse(string key, JsonElement element, string allowed) =>
        Problems.Add(new NetworkConfigProblem($"{BackendBlock.Key}.{key}", GoJson.Excerpt(element), allowed));
}
