using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;
using static Flannel.Netlink.Interop.LinuxNetlink;
using static Flannel.Netlink.Interop.LinuxNfTables;

namespace Flannel.Netlink.Netfilter;

/// <summary>
/// Requests that <see cref="NftablesNetlink.Execute"/> carries out as one transaction, in the order they were queued: all of them or none. Every
/// method returns the index under which a refusal of its request is reported (<see cref="NetlinkException.RequestIndex"/>).
/// </summary>
/// <remarks>
/// Not thread-safe. The requests are encoded when queued. Adding what is there already is no error as long as it is the same; deleting what is not
/// there is one, and so no request of the transaction is carried out.
/// </remarks>
public sealed class NftablesBatch
{
    /// <summary>Longest request beside elements: a rule of some fifty expressions.</summary>
    internal const int MaximumRequestSize = 8192;

    private const int BoundarySize = 32; // at most

    private byte[] _buffer = new byte[MaximumRequestSize];
    private int _length = BoundarySize; // what begins a transaction is written before the requests when it is carried out
    private readonly List<int> _requestOfMessage = [];

    /// <summary>Requests queued.</summary>
    public int Count { get; private set; }

    internal ReadOnlySpan<byte> Messages => _buffer.AsSpan(BoundarySize.._length);

    internal int MessageCount => _requestOfMessage.Count;

    /// <summary>Adds a table.</summary>
    /// <param name="table">The table.</param>
    /// <returns>Index of the request.</returns>
    public int AddTable(NftTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        return Append(TableCodec.WriteNew(Reserve(), table));
    }

    /// <summary>Deletes a table with all that is in it.</summary>
    /// <param name="family">The table's family.</param>
    /// <param name="name">The table's name.</param>
    /// <returns>Index of the request.</returns>
    public int DeleteTable(NftFamily family, string name) => Append(TableCodec.WriteDeleteTable(Reserve(), family, name));

    /// <summary>
    /// Puts an empty table in the place of the one with its name, whether there is one or not. Packets see the old table until the whole batch is
    /// done. If there was none, who lists tables meanwhile may see an empty one already: the kernel shows what a transaction adds and deletes again.
    /// </summary>
    /// <param name="table">The table.</param>
    /// <returns>Index of the request.</returns>
    public int ReplaceTable(NftTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        AppendMessage(TableCodec.WriteNew(Reserve(), table with { Comment = null })); // so that there is one to delete
        AppendMessage(TableCodec.WriteDeleteTable(Reserve(), table.Family, table.Name));
        return Append(TableCodec.WriteNew(Reserve(), table));
    }

    /// <summary>Adds a chain, or changes the policy of the one that is there.</summary>
    /// <param name="chain">The chain.</param>
    /// <returns>Index of the request.</returns>
    public int AddChain(NftChain chain)
    {
        ArgumentNullException.ThrowIfNull(chain);
        return Append(TableCodec.WriteNew(Reserve(), chain));
    }

    /// <summary>Deletes a chain with its rules; no rule may jump to it.</summary>
    /// <param name="family">The table's family.</param>
    /// <param name="table">The table's name.</param>
    /// <param name="name">The chain's name.</param>
    /// <returns>Index of the request.</returns>
    public int DeleteChain(NftFamily family, string table, string name) => Append(TableCodec.WriteDeleteChain(Reserve(), family, table, name));

    /// <summary>Adds a rule to the end of its chain.</summary>
    /// <param name="rule">The rule.</param>
    /// <returns>Index of the request.</returns>
    public int AddRule(NftRule rule) => AppendRule(rule, NLM_F_CREATE | NLM_F_APPEND);

    /// <summary>Adds a rule to the beginning of its chain.</summary>
    /// <param name="rule">The rule.</param>
    /// <returns>Index of the request.</returns>
    public int InsertRule(NftRule rule) => AppendRule(rule, NLM_F_CREATE);

    /// <summary>Puts a rule in the place of the one with its <see cref="NftRule.Handle"/>.</summary>
    /// <param name="rule">The rule.</param>
    /// <returns>Index of the request.</returns>
    public int ReplaceRule(NftRule rule) => AppendRule(rule, NLM_F_REPLACE);

    /// <summary>Deletes a rule by its <see cref="NftRule.Handle"/>.</summary>
    /// <param name="rule">The rule, as it was read.</param>
    /// <returns>Index of the request.</returns>
    public int DeleteRule(NftRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        ArgumentOutOfRangeException.ThrowIfZero(rule.Handle, nameof(rule));
        return Append(RuleCodec.WriteDelete(Reserve(), rule.Family, rule.Table, rule.Chain, rule.Handle));
    }

    /// <summary>Deletes every rule of a chain.</summary>
    /// <param name="family">The table's family.</param>
    /// <param name="table">The table's name.</param>
    /// <param name="chain">The chain's name.</param>
    /// <returns>Index of the request.</returns>
    public int FlushChain(NftFamily family, string table, string chain) => Append(RuleCodec.WriteDelete(Reserve(), family, table, chain, handle: 0));

    /// <summary>Adds a set or map without elements.</summary>
    /// <param name="set">The set.</param>
    /// <returns>Index of the request.</returns>
    public int AddSet(NftSet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        return Append(SetCodec.WriteNew(Reserve(), set, (uint)MessageCount + 1));
    }

    /// <summary>Deletes a set or map with its elements; no rule may look into it.</summary>
    /// <param name="family">The table's family.</param>
    /// <param name="table">The table's name.</param>
    /// <param name="name">The set's name.</param>
    /// <returns>Index of the request.</returns>
    public int DeleteSet(NftFamily family, string table, string name) => Append(SetCodec.WriteDelete(Reserve(), family, table, name));

    /// <summary>Adds elements. Intervals must neither overlap each other nor those that are there, unless they are equal.</summary>
    /// <param name="set">The set, as it was added.</param>
    /// <param name="elements">The elements, any number.</param>
    /// <returns>Index of the request.</returns>
    /// <exception cref="ArgumentException">An element does not fit the set's type; the batch cannot be used on.</exception>
    public int AddElements(NftSet set, IReadOnlyCollection<NftElement> elements) => AppendElements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, elements);

    /// <summary>Deletes elements.</summary>
    /// <param name="set">The set, as it was added.</param>
    /// <param name="elements">The elements, any number.</param>
    /// <returns>Index of the request.</returns>
    /// <exception cref="ArgumentException">An element does not fit the set's type; the batch cannot be used on.</exception>
    public int DeleteElements(NftSet set, IReadOnlyCollection<NftElement> elements) => AppendElements(NFT_MSG_DELSETELEM, 0, set, elements);

    /// <summary>Deletes every element of a set.</summary>
    /// <param name="set">The set.</param>
    /// <returns>Index of the request.</returns>
    public int FlushSet(NftSet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        return Append(ElementCodec.WriteFlush(Reserve(), set));
    }

    /// <summary>Adds a named counter; one that is there keeps its values.</summary>
    /// <param name="counter">The counter.</param>
    /// <returns>Index of the request.</returns>
    public int AddCounter(NftCounter counter)
    {
        ArgumentNullException.ThrowIfNull(counter);
        return Append(TableCodec.WriteNew(Reserve(), counter));
    }

    /// <summary>Deletes a named counter; no rule may count in it.</summary>
    /// <param name="family">The table's family.</param>
    /// <param name="table">The table's name.</param>
    /// <param name="name">The counter's name.</param>
    /// <returns>Index of the request.</returns>
    public int DeleteCounter(NftFamily family, string table, string name) => Append(TableCodec.WriteDeleteCounter(Reserve(), family, table, name));

    /// <summary>Empties the batch and keeps its memory.</summary>
    public void Clear()
    {
        _length = BoundarySize;
        Count = 0;
        _requestOfMessage.Clear();
    }

    /// <summary>The requests with what begins and ends a transaction around them.</summary>
    /// <param name="generation">The generation that the kernel must be at.</param>
    internal Span<byte> ToTransaction(uint? generation)
    {
        Span<byte> boundary = stackalloc byte[BoundarySize];
        int begin = NftMessage.WriteBoundary(boundary, NFNL_MSG_BATCH_BEGIN, generation);
        int end = NftMessage.WriteBoundary(Reserve(BoundarySize), NFNL_MSG_BATCH_END);
        boundary[..begin].CopyTo(_buffer.AsSpan(BoundarySize - begin));
        return _buffer.AsSpan((BoundarySize - begin)..(_length + end));
    }

    /// <summary>A request is one message, or several if it has many elements.</summary>
    internal int RequestOf(int message) => _requestOfMessage[message];

    private int AppendRule(NftRule rule, ushort flags)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return Append(RuleCodec.WriteNew(Reserve(), flags, rule));
    }

    private int AppendElements(ushort message, ushort flags, NftSet set, IReadOnlyCollection<NftElement> elements)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(elements);
        using IEnumerator<NftElement> rest = elements.GetEnumerator();
        bool hasMore = rest.MoveNext();
        int room = ElementCodec.Measure(set, elements.Count);
        while (hasMore)
            AppendMessage(ElementCodec.Write(Reserve(room), message, flags, set, rest, ref hasMore));
        return Count++;
    }

    private Span<byte> Reserve(int size = MaximumRequestSize)
    {
        if (_buffer.Length - _length < size)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + size));
        return _buffer.AsSpan(_length, size);
    }

    private int Append(int length)
    {
        AppendMessage(length);
        return Count++;
    }

    private void AppendMessage(int length)
    {
        _length += length;
        _requestOfMessage.Add(Count);
    }
}
