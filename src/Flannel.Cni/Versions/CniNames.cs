namespace Flannel.Cni;

/// <summary>What names may look like: they travel in environment variables, and become file names.</summary>
public static class CniNames
{
    private const int MaxInterfaceLength = 15; // the kernel's IFNAMSIZ without its zero

    /// <summary>Whether a text may name a network or a container: a letter or digit, then letters, digits, '_', '.' and '-'.</summary>
    /// <param name="name">The text.</param>
    public static bool IsName(string? name) =>
        name is { Length: > 0 } && char.IsAsciiLetterOrDigit(name[0]) && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');

    /// <summary>Whether a text may name an interface: 1 to 15 characters, no '/', no ':', no white space, neither '.' nor '..'.</summary>
    /// <param name="name">The text.</param>
    public static bool IsInterfaceName(string? name) =>
        name is { Length: > 0 and <= MaxInterfaceLength } and not ("." or "..")
            && !name.Any(static c => c is '/' or ':' or '\0' || char.IsWhiteSpace(c));

    /// <summary>Whether a text may name a plugin's file: no '/', neither '.' nor '..'.</summary>
    /// <param name="type">The text.</param>
    public static bool IsPluginType(string? type) => type is { Length: > 0 } and not ("." or "..") && !type.AsSpan().ContainsAny('/', '\0');
}
