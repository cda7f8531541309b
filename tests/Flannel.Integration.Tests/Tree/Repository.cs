namespace Flannel.Integration.Tests.Tree;

/// <summary>The repository that these tests were built from.</summary>
internal static class Repository
{
    // Ours is <root>/tests/<project>/bin/<configuration>/<framework>/.
    private static readonly string[] Output = AppContext.BaseDirectory.TrimEnd('/').Split('/');

    public static string Root { get; } = string.Join('/', Output[..^5]);

    public static string Configuration { get; } = Output[^2];

    public static string Framework { get; } = Output[^1];

    public static string PathOf(params string[] relative) => Path.Combine([Root, .. relative]);
}
