namespace Flannel.Store.Kubernetes.Objects;

/// <summary>What is needed of an object of the API: of a Node, a Pod or a ConfigMap. Everything else is passed over while it is read.</summary>
internal sealed record ApiObject
{
    public string Name { get; init; } = "";

    /// <summary>Tells two objects apart that had one name, one after the other.</summary>
    public string Uid { get; init; } = "";

    /// <summary>The version of the object; for a bookmark, the version up to which a watch has delivered everything.</summary>
    public string ResourceVersion { get; init; } = "";

    /// <summary>When it was created, in RFC 3339; the order in which two objects that claim the same thing are right.</summary>
    public string Created { get; init; } = "";

    /// <summary>The subnets that the cluster gave to a Node: <c>spec.podCIDRs</c>, or <c>spec.podCIDR</c> if that is empty.</summary>
    public IReadOnlyList<string> PodCidrs { get; init; } = [];

    /// <summary>The annotations with the store's prefix, by what stands behind it.</summary>
    public AnnotationSet Annotations { get; init; } = AnnotationSet.Empty;

    /// <summary>
    /// The status and the reason of a Node's condition NetworkUnavailable, such as <c>False FlannelIsUp</c>; <see langword="null"/> without one.
    /// </summary>
    public string? NetworkUnavailable { get; init; }

    /// <summary>The Node that a Pod runs on.</summary>
    public string? NodeName { get; init; }

    /// <summary>The value of the one key of a ConfigMap that was asked for.</summary>
    public string? Data { get; init; }

    /// <summary>
    /// The version as a number, which versions are compared as; <see langword="null"/> if it is none, so that nothing can be said of its age.
    /// </summary>
    public long? Version => ParseVersion(ResourceVersion);

    /// <summary>A version as a number, if it is one.</summary>
    public static long? ParseVersion(string version) =>
        long.TryParse(version, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long number)
            ? number
            : null;
}
