namespace Flannel.Store.Kubernetes.Objects;

/// <summary>One object that was read, or one event of a watch.</summary>
/// <param name="Kind">What happened to the object; <see cref="ApiItemKind.Object"/> outside a watch.</param>
/// <param name="Object">The object; of a bookmark only its version is set.</param>
/// <param name="Status">What went wrong, for <see cref="ApiItemKind.Error"/>.</param>
internal readonly record struct ApiItem(ApiItemKind Kind, ApiObject Object, ApiStatus? Status = null);

/// <summary>What an item is.</summary>
internal enum ApiItemKind
{
    /// <summary>An object by itself, or of a list.</summary>
    Object,

    /// <summary>It was created, or has come into what is watched.</summary>
    Added,

    /// <summary>It was changed.</summary>
    Modified,

    /// <summary>It was deleted.</summary>
    Deleted,

    /// <summary>Nothing happened up to a version.</summary>
    Bookmark,

    /// <summary>The watch cannot go on.</summary>
    Error,

    /// <summary>A kind that this version of the store does not know.</summary>
    Unknown,
}
