namespace Flannel.Testing.Stores;

/// <summary>The calls of <c>ILeaseStore</c>, for choosing which one shall fail.</summary>
public enum StoreOperation
{
    List,
    Create,
    Update,
    Renew,
    Delete,

    /// <summary>Every item that a watch delivers, and the opening of the watch.</summary>
    Watch,
}
