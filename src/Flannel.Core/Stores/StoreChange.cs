namespace Flannel.Core.Stores;

/// <summary>One key that was put or deleted.</summary>
/// <param name="Key">The key below the subnets' directory.</param>
/// <param name="Entry">The entry as put, or <see langword="null"/> if the key was deleted or has expired.</param>
public readonly record struct StoreChange(string Key, StoredEntry? Entry);
