using System.Text;
using Flannel.Extensibility;
using Flannel.Testing.Contracts;

namespace Flannel.Testing;

/// <summary>
/// What every <see cref="ILeaseStore"/> does, sentence by sentence of its documentation, for any test framework: derive from this class, and let one
/// test run <see cref="RunAsync"/> for each of <see cref="Cases"/>. Each run gets a new instance, with an empty store that nobody else uses.
/// </summary>
/// <remarks>
/// A store need not remember its past: a watch may deliver the state as a <see cref="StoreSnapshot"/> instead of the changes that led to it, at any
/// time. A store that does remember (etcd) also passes <see cref="HistoryCases"/>.
/// </remarks>
public abstract partial class LeaseStoreContract
{
    private const string Subject = "lease store";
    private const string Key = "10.5.1.0-24";

    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    private static readonly ContractCase<LeaseStoreContract>[] OfEveryStore =
        [.. Listing, .. Configuring, .. Writing, .. Claiming, .. Ending, .. Watching];

    /// <summary>The names of the cases that every store passes.</summary>
    public static IReadOnlyList<string> Cases { get; } = [.. OfEveryStore.Select(static one => one.Name)];

    /// <summary>
    /// The names of the cases beyond that which stores pass that keep a history: they list past revisions, deliver every single change of the entries
    /// in the order of the revisions, and can forget their past (<see cref="CompactAsync"/>).
    /// </summary>
    public static IReadOnlyList<string> HistoryCases { get; } = [.. Remembering.Select(static one => one.Name)];

    /// <summary>
    /// The names of the cases beyond that which stores pass over which a network can be administered: they write the configuration conditionally,
    /// turn leases into reservations and back, and tell how long leases live.
    /// </summary>
    public static IReadOnlyList<string> AdministrationCases { get; } = [.. Administering.Select(static one => one.Name)];

    /// <summary>The store under test.</summary>
    protected abstract ILeaseStore Store { get; }

    /// <summary>
    /// A time to live that a test can wait for, but that no busy machine outlasts between two writes. Default 2 s; stores with a coarse clock choose
    /// a longer one, stores on a clock of the test's any.
    /// </summary>
    protected virtual TimeSpan TimeToLive => TimeSpan.FromSeconds(2);

    /// <summary>How long a case waits for what comes in a moment, or never. Default 30 s.</summary>
    protected virtual TimeSpan Patience => TimeSpan.FromSeconds(30);

    /// <summary>Runs one case.</summary>
    /// <param name="name">Its name, one of <see cref="Cases"/>, <see cref="HistoryCases"/> or <see cref="AdministrationCases"/>.</param>
    /// <exception cref="ContractException">The store breaks the rule.</exception>
    /// <exception cref="ArgumentException">There is no such case.</exception>
    public Task RunAsync(string name) =>
        ContractCase<LeaseStoreContract>.RunAsync([.. OfEveryStore, .. Remembering, .. Administering], Subject, name, this);

    /// <summary>Puts the network configuration in place as an operator does; <see langword="null"/> removes it.</summary>
    /// <param name="config">The document, which need not make sense.</param>
    protected abstract Task SetConfigAsync(string? config);

    /// <summary>Writes an entry that never ends, as an operator does, past the store if that is possible. By default by the store.</summary>
    /// <param name="key">The key, under which nothing stands.</param>
    /// <param name="document">The document, which need not make sense.</param>
    protected virtual async Task PutAsync(string key, string document)
    {
        StoreWriteResult result = await Store.CreateAsync(key, Bytes(document), null, CancellationToken.None);
        Expect.That(result.Succeeded, $"{key} could not be created in a store without it.");
    }

    /// <summary>Lets this much time pass on the store's clock. By default it waits.</summary>
    /// <param name="time">How much.</param>
    protected virtual Task PassTimeAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System, CancellationToken.None);

    /// <summary>Makes the store forget what led to a revision. For <see cref="HistoryCases"/> only.</summary>
    /// <param name="revision">The oldest revision to remember.</param>
    protected virtual Task CompactAsync(long revision) =>
        throw new InvalidOperationException($"{nameof(HistoryCases)} need a store that can forget its past; override {nameof(CompactAsync)}.");

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string? Text(ReadOnlyMemory<byte>? document) => document is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null;

    private static (string Key, string Value, long Created, long Modified, bool Ends)? Values(StoredEntry? entry) =>
        entry is null ? null : (entry.Key, Convert.ToHexString(entry.Value.Span), entry.CreateRevision, entry.ModRevision, entry.HasTimeToLive);

    private static void Same(StoredEntry? expected, StoredEntry? actual, string what) => Expect.Same(Values(expected), Values(actual), what);

    private static void Same(StoreSnapshot expected, StoreFollower actual, string what)
    {
        Expect.SameSet(expected.Entries.Select(static entry => Values(entry)), actual.Entries.Values.Select(static entry => Values(entry)), what);
        Expect.Same(Text(expected.Config), Text(actual.Config), what + ", the configuration");
    }

    private static StoredEntry Written(StoreWriteResult result, string what)
    {
        Expect.That(result.Succeeded, $"{what} was refused although its condition held.");
        Expect.That(result.Entry is not null, $"{what} returned no entry.");
        return result.Entry;
    }

    private async Task<StoredEntry> CreateAsync(string key = Key, string value = "{}", TimeSpan? timeToLive = null) =>
        Written(await Store.CreateAsync(key, Bytes(value), timeToLive ?? Long, CancellationToken.None), "Creating " + key);

    private async Task<StoredEntry> ReserveAsync(string key = Key, string value = "{}") =>
        Written(await Store.CreateAsync(key, Bytes(value), null, CancellationToken.None), "Reserving " + key);

    private async Task<StoredEntry> UpdateAsync(StoredEntry entry, string value) =>
        Written(await Store.UpdateAsync(entry, Bytes(value), Long, CancellationToken.None), "Updating " + entry.Key);

    private async Task DeleteAsync(StoredEntry entry) =>
        Expect.That((await Store.DeleteAsync(entry, CancellationToken.None)).Succeeded, $"Deleting {entry.Key} was refused although it was as seen.");

    private Task<StoreSnapshot> ListAsync(long? revision = null) => Store.ListAsync(revision, CancellationToken.None);

    private async Task<StoredEntry?> FindAsync(string key = Key) =>
        (await ListAsync()).Entries.SingleOrDefault(entry => entry.Key == key);

    private StoreFollower Follow(StoreSnapshot known) => StoreFollower.Open(Store, known, Patience);

    private async Task<StoreFollower> FollowAsync() => Follow(await ListAsync());

    private async Task RefusedAsync(Task<StoreWriteResult> write, StoredEntry? there, string what)
    {
        long before = (await ListAsync()).Revision;
        StoreWriteResult result = await write;
        Expect.That(!result.Succeeded, $"{what} was carried out.");
        Same(there, result.Entry, $"{what}, the entry that is returned");
        StoreSnapshot after = await ListAsync();
        Same(there, after.Entries.SingleOrDefault(entry => entry.Key == Key), $"{what}, the entry that is there afterwards");
        Expect.Same(before, after.Revision, $"{what}, the store's revision afterwards");
    }
}
