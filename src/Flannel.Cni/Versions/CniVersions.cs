using System.Collections.Frozen;

namespace Flannel.Cni;

/// <summary>The versions of the CNI specification.</summary>
public static class CniVersions
{
    /// <summary>The newest version that this library speaks: 1.1.0.</summary>
    public const string Latest = "1.1.0";

    /// <summary>What a configuration without <c>cniVersion</c> means: 0.1.0, as libcni takes it.</summary>
    public const string Implicit = "0.1.0";

    /// <summary>Every version that this library reads and writes, oldest first.</summary>
    public static IReadOnlyList<string> All { get; } = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", Latest];

    private static readonly FrozenDictionary<string, int> Order = All.Index().ToFrozenDictionary(
        entry => entry.Item, entry => entry.Index, StringComparer.Ordinal);

    /// <summary>Whether this library speaks a version.</summary>
    /// <param name="version">The version, such as <c>0.3.1</c>.</param>
    public static bool IsKnown(string version) => Order.ContainsKey(version);

    /// <summary>Whether a version is at least as new as another.</summary>
    /// <param name="version">A known version.</param>
    /// <param name="other">Another known version.</param>
    /// <exception cref="CniException">One of them is not known (<see cref="CniErrorCode.IncompatibleVersion"/>).</exception>
    public static bool IsAtLeast(string version, string other) => PlaceOf(version) >= PlaceOf(other);

    /// <summary>The versions that have an operation: CHECK since 0.4.0, GC and STATUS since 1.1.0, all others always.</summary>
    internal static string SinceOf(string command) => command switch
    {
        "CHECK" => "0.4.0",
        "GC" or "STATUS" => "1.1.0",
        _ => All[0],
    };

    private static int PlaceOf(string version) => Order.TryGetValue(version, out int place)
        ? place
        : throw new CniException(
            CniErrorCode.IncompatibleVersion, $"'{version}' is no version of CNI that is known here; known are {string.Join(", ", All)}.");
}
