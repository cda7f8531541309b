using System.Diagnostics.CodeAnalysis;

namespace Flannel.Extensibility;

/// <summary>
/// The thing that a <see cref="Reconciler{TKey, TEntry}"/> keeps in the desired state: a part of the kernel, seen as a dictionary of entries.
/// The reconciler calls it from one loop, never concurrently.
/// </summary>
/// <typeparam name="TKey">What identifies an entry in the kernel (a route's destination, an FDB entry's MAC).</typeparam>
/// <typeparam name="TEntry">What the entry says; compared by value.</typeparam>
[Experimental("FLANNEL001")]
public interface IReconcileTarget<TKey, TEntry>
    where TKey : notnull
{
    /// <summary>
    /// The order in which entries depend on each other: entries are written in ascending and removed in descending order, so that a route
    /// is written after, and removed before, what it points at.
    /// </summary>
    IComparer<TKey> Order { get; }

    /// <summary>
    /// Repairs what entries live in (the device, its addresses) and reads every entry that is ours. May throw; it is then called again after
    /// a back-off.
    /// </summary>
    /// <param name="cancellationToken">Ends the call.</param>
    IReadOnlyDictionary<TKey, TEntry> Read(CancellationToken cancellationToken);

    /// <summary>
    /// Carries out changes in the order given. Idempotent: writing what is there and removing what is gone succeed. One change's failure must
    /// not stop the others.
    /// </summary>
    /// <param name="changes">What to write and to remove.</param>
    /// <param name="failures">Where to put the failure of each change that failed.</param>
    /// <param name="cancellationToken">Ends the call; an <see cref="OperationCanceledException"/> may leave the changes half done.</param>
    void Apply(IReadOnlyList<ReconcileChange<TKey, TEntry>> changes, IDictionary<TKey, Exception> failures, CancellationToken cancellationToken);
}
