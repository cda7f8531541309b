namespace Flannel.Testing;

/// <summary>The calls of <c>ILeaseStore</c>, for choosing which one fails.</summary>
public enum StoreOperation
{
    /// <summary>Listing.</summary>
    List,

    /// <summary>Creating an entry.</summary>
    Create,

    /// <summary>Updating an entry.</summary>
    Update,

    /// <summary>Renewing an entry.</summary>
    Renew,

    /// <summary>Deleting an entry.</summary>
    Delete,

    /// <summary>Every item that a watch delivers, and the opening of the watch.</summary>
    Watch,

    /// <summary>Writing the network configuration.</summary>
    WriteConfig,

    /// <summary>Giving an entry another time to live, or none.</summary>
    SetTimeToLive,

    /// <summary>Asking how long entries live.</summary>
    ReadTimesLeft,

    /// <summary>Claiming an entry.</summary>
    Claim,
}
