namespace Flannel.Extensibility;

/// <summary>One row of what a <see cref="PollingLeaseStore"/> keeps its content in: a table, a file.</summary>
/// <param name="Key">The row's name, unique in the table: at most 256 characters of ASCII, compared exactly.</param>
/// <param name="Value">The document's bytes, whatever stands in them.</param>
/// <param name="CreateRevision">The store's revision at which the row was inserted.</param>
/// <param name="ModRevision">The store's revision at which the row was last written.</param>
/// <param name="Expires">When the row ends, as it was written; <see langword="null"/> for one that never ends.</param>
public sealed record StoreRow(string Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision, DateTimeOffset? Expires);

/// <summary>Everything that a <see cref="PollingLeaseStore"/> keeps, at one moment.</summary>
/// <param name="Rows">Every row, in no particular order.</param>
/// <param name="Revision">How many writes the store has carried out so far; 0 for one that is empty and new. It never goes back.</param>
/// <param name="Now">
/// The time of reading. If the store has its own clock (a database server), that one: then the clocks of the hosts do not matter.
/// </param>
public sealed record StoreRows(IReadOnlyList<StoreRow> Rows, long Revision, DateTimeOffset Now);

/// <summary>One conditional write of one row.</summary>
/// <param name="Key">The row.</param>
/// <param name="ExpectedRevision">
/// The condition: the row is there and has this <see cref="StoreRow.ModRevision"/>; <see langword="null"/>: there is no such row.
/// </param>
/// <param name="Value">The row's new document; <see langword="null"/> deletes the row.</param>
/// <param name="Expires">When the row as written ends; <see langword="null"/> for one that never ends. A time that has passed deletes
/// nothing.</param>
public sealed record StoreRowWrite(string Key, long? ExpectedRevision, ReadOnlyMemory<byte>? Value, DateTimeOffset? Expires);
