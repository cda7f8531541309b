namespace Flannel.Backends.Vxlan.Entries;

/// <summary>A change of the desired entries. A key may be removed and written: then it is written.</summary>
/// <param name="Removals">Entries that shall not be any more.</param>
/// <param name="Upserts">Entries that shall be.</param>
internal sealed record VxlanEntryChanges(
    IReadOnlyCollection<VxlanEntryKey> Removals,
    IReadOnlyCollection<KeyValuePair<VxlanEntryKey, VxlanEntry>> Upserts);
