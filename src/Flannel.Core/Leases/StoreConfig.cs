namespace Flannel.Core.Leases;

/// <summary>The network configuration as a store holds it, or does not.</summary>
internal static class StoreConfig
{
    /// <summary>Reads and validates the document.</summary>
    /// <param name="document">The document, or <see langword="null"/> if there is none.</param>
    /// <param name="source">Where it is kept, for the message.</param>
    /// <exception cref="NetworkConfigException">There is no document, or it breaks a rule.</exception>
    public static NetworkConfig Parse(ReadOnlyMemory<byte>? document, string source) => document is { } bytes
        ? NetworkConfig.Parse(bytes.Span, source)
        : throw new NetworkConfigException(
            source,
            [new NetworkConfigProblem("", "", """there is none; write one such as {"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""")]);
}
