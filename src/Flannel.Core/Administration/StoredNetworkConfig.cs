using System.Text;
using Flannel.Core.Configuration;
using Flannel.Core.Leases;

namespace Flannel;

/// <summary>The network configuration as it stands in the store. Two are equal if document and revision are.</summary>
public sealed record StoredNetworkConfig
{
    private StoredNetworkConfig(string json, long revision) => (Json, Revision) = (json, revision);

    /// <summary>
    /// The configuration with its defaults filled in; <see langword="null"/> if no node can use the document, see <see cref="Error"/>.
    /// </summary>
    public NetworkConfig? Config { get; private init; }

    /// <summary>What is wrong with the document, or <see langword="null"/>.</summary>
    public NetworkConfigException? Error { get; private init; }

    /// <summary>The document as it stands in the store.</summary>
    public string Json { get; }

    /// <summary>The store revision that wrote the document: what <see cref="ConfigWriteOptions.ExpectedRevision"/> compares.</summary>
    public long Revision { get; }

    /// <summary>Keys of the document that mean nothing to Flannel, such as misspelled ones; at most eight, quoted.</summary>
    public IReadOnlyList<string> UnknownKeys { get; private init; } = [];

    /// <inheritdoc />
    public bool Equals(StoredNetworkConfig? other) => other is not null && Revision == other.Revision && Json == other.Json;

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Revision, Json);

    /// <summary>The configuration, or what is wrong with it, and the revision. The document is left out: it may hold keys.</summary>
    public override string ToString() => $"{Config?.ToString() ?? Error!.Message} (revision {Revision})";

    /// <summary>Reads a document; one that breaks rules is told as such.</summary>
    internal static StoredNetworkConfig? Read(ReadOnlyMemory<byte>? document, long revision, string source)
    {
        if (document is not { } bytes) return null;
        var stored = new StoredNetworkConfig(Encoding.UTF8.GetString(bytes.Span), revision)
        {
            UnknownKeys = NetworkConfigReader.FindUnknownKeys(bytes),
        };
        try
        {
            return stored with { Config = StoreConfig.Parse(bytes, source) };
        }
        catch (NetworkConfigException error)
        {
            return stored with { Error = error };
        }
    }
}
