using System.Text.Json.Nodes;
using Flannel.Cni.Results;

namespace Flannel.Cni;

/// <summary>
/// What an attachment came to: interfaces, addresses, routes, name servers. One form for all versions of CNI; texts of older ones are converted as
/// they are read and written.
/// </summary>
public sealed class CniResult : IEquatable<CniResult>
{
    /// <summary>The version that the text had or is to have; <see cref="CniVersions.Latest"/> unless set.</summary>
    public string CniVersion { get; init; } = CniVersions.Latest;

    /// <summary>The interfaces, of the container and of the host.</summary>
    public IReadOnlyList<CniInterface> Interfaces { get; init; } = [];

    /// <summary>The addresses (<c>ips</c>).</summary>
    public IReadOnlyList<CniAddress> Addresses { get; init; } = [];

    /// <summary>The routes.</summary>
    public IReadOnlyList<CniRoute> Routes { get; init; } = [];

    /// <summary>How the container resolves names, or <see langword="null"/>.</summary>
    public CniDns? Dns { get; init; }

    /// <summary>
    /// Members that CNI does not know, which plugins pass on to each other; <see langword="null"/> for none. Not written in versions before 0.3.0.
    /// </summary>
    public JsonObject? Additional { get; init; }

    /// <summary>Reads a result of any known version.</summary>
    /// <param name="json">The text, in UTF-8.</param>
    /// <returns>The result; its <see cref="CniVersion"/> is the text's, 0.1.0 if it has none.</returns>
    /// <exception cref="CniException">
    /// The text is no result (<see cref="CniErrorCode.DecodingFailure"/>), or one of an unknown version
    /// (<see cref="CniErrorCode.IncompatibleVersion"/>).
    /// </exception>
    public static CniResult Parse(ReadOnlySpan<byte> json) => ResultReader.Read(Json.JsonText.ParseObject(json, "The result"));

    /// <summary>Reads a result of any known version.</summary>
    /// <param name="json">The object.</param>
    /// <returns>The result; its <see cref="CniVersion"/> is the object's, 0.1.0 if it has none.</returns>
    /// <exception cref="CniException">
    /// The object is no result (<see cref="CniErrorCode.DecodingFailure"/>), or one of an unknown version
    /// (<see cref="CniErrorCode.IncompatibleVersion"/>).
    /// </exception>
    public static CniResult Read(JsonObject json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return ResultReader.Read(json);
    }

    /// <summary>The result in another version. What the version does not know is left out: before 0.3.0 all but one address per family.</summary>
    /// <param name="version">The version.</param>
    /// <exception cref="CniException">The version is unknown (<see cref="CniErrorCode.IncompatibleVersion"/>).</exception>
    public CniResult ConvertTo(string version) => version == CniVersion ? this : ResultReader.Read(ResultWriter.Write(this, version));

    /// <summary>The result as JSON of its version.</summary>
    /// <returns>A new object.</returns>
    /// <exception cref="CniException">The version is unknown (<see cref="CniErrorCode.IncompatibleVersion"/>).</exception>
    public JsonObject ToJson() => ResultWriter.Write(this, CniVersion);

    /// <inheritdoc/>
    public bool Equals(CniResult? other) =>
        other is not null && CniVersion == other.CniVersion && Interfaces.SequenceEqual(other.Interfaces) && Addresses.SequenceEqual(other.Addresses)
        && Routes.SequenceEqual(other.Routes) && Equals(Dns, other.Dns) && JsonNode.DeepEquals(Additional, other.Additional);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CniResult);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(CniVersion, Interfaces.Count, Addresses.Count, Routes.Count);

    /// <summary>The JSON.</summary>
    public override string ToString() => CniVersions.IsKnown(CniVersion) ? ToJson().ToJsonString() : $"a result of version '{CniVersion}'";
}
