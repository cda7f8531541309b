namespace Flannel.Extensibility;

/// <summary>The outcome of a conditional write.</summary>
/// <param name="Succeeded">Whether the condition held and the write was carried out.</param>
/// <param name="Entry">
/// The entry as it is now: as written, or as found when the condition did not hold; <see langword="null"/> if there is none.
/// </param>
public readonly record struct StoreWriteResult(bool Succeeded, StoredEntry? Entry);
