using Flannel.Store.Kubernetes.Client;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.Following;

/// <summary>One thing that a <see cref="Reflector"/> tells. The set is closed.</summary>
internal abstract record ReflectorItem
{
    private ReflectorItem()
    {
    }

    /// <summary>Everything that is there.</summary>
    /// <param name="List">The list.</param>
    public sealed record Listed(ApiList List) : ReflectorItem;

    /// <summary>What happened, in order.</summary>
    /// <param name="Items">The events, without bookmarks.</param>
    /// <param name="Version">The version up to which they reach.</param>
    public sealed record Changed(IReadOnlyList<ApiItem> Items, string Version) : ReflectorItem;

    /// <summary>The server does not answer, or refuses; it is tried again.</summary>
    /// <param name="Error">Why.</param>
    public sealed record Away(StoreException Error) : ReflectorItem;

    /// <summary>The server answers.</summary>
    public sealed record Back : ReflectorItem;
}
