namespace Flanneld.Hosting;

/// <summary>The words that the flags of the guard take.</summary>
internal static class GuardWords
{
    public const string UnknownSenders = "unknown-senders";
    public const string Containers = "containers";
    public const string ForeignSources = "foreign-sources";
    public const string ForeignDestinations = "foreign-destinations";

    /// <summary>What <c>-guard-accept</c> takes.</summary>
    public static readonly string[] Accepted = [UnknownSenders, Containers, ForeignSources, ForeignDestinations];
}
