namespace Flannel.Testing;

/// <summary>One call of a <see cref="FaultyLeaseStore"/>.</summary>
/// <param name="Operation">What was called.</param>
/// <param name="Key">The key it is about; <see langword="null"/> for calls that are about none.</param>
public readonly record struct StoreCall(StoreOperation Operation, string? Key);
