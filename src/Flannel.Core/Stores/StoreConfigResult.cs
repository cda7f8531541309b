namespace Flannel.Extensibility;

/// <summary>The outcome of <see cref="ILeaseStore.WriteConfigAsync"/>.</summary>
/// <param name="Succeeded">Whether the condition held and the write was carried out.</param>
/// <param name="Document">
/// The network configuration as it is now: as written, or as found when the condition did not hold; <see langword="null"/> if there is none.
/// </param>
/// <param name="Revision">The revision that wrote it; 0 if there is none.</param>
public readonly record struct StoreConfigResult(bool Succeeded, ReadOnlyMemory<byte>? Document, long Revision);
