using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using Flannel.Netlink.Messages;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;

namespace Flannel.Netlink.Netfilter;

/// <summary>nf_tables of one network namespace, the one of the thread that opened it: tables, chains, rules, sets, maps and counters.</summary>
/// <remarks>
/// Thread-safe and synchronous: the kernel carries a transaction out inside the call. Changes and listings need CAP_NET_ADMIN. Rules are the kernel's
/// own instructions; <see cref="NftMatch"/> composes them as nft does, so that nft lists them in its words.
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class NftablesNetlink : IDisposable
{
    private readonly NetlinkSocket _socket;

    private NftablesNetlink(NetlinkSocketOptions options) =>
        _socket = NetlinkSocket.Open(NetlinkProtocol.Netfilter, options with { Describe = static request => NftRequestFormatter.Format(request) });

    /// <summary>The socket's netlink address, which the kernel puts into notifications of what it changed.</summary>
    public uint PortId => _socket.PortId;

    /// <summary>
    /// Opens a socket in the network namespace that the calling thread is in at this moment. The socket stays there: it may be used from any thread
    /// afterwards, whatever namespace that one is in.
    /// </summary>
    /// <param name="options">Timeout and buffer; null for the defaults. Its <see cref="NetlinkSocketOptions.Describe"/> is not used.</param>
    /// <returns>The open client.</returns>
    /// <exception cref="NetlinkException">The kernel refused the socket.</exception>
    public static NftablesNetlink Open(NetlinkSocketOptions? options = null) => new(options ?? new NetlinkSocketOptions());

    /// <summary>
    /// Carries out a batch as one transaction: every packet sees all of it or nothing, and if one request is refused, nothing is changed.
    /// </summary>
    /// <param name="batch">The requests; unchanged by this, so it can be executed again.</param>
    /// <param name="generation">
    /// Only if nothing has changed since <see cref="GetGeneration"/> returned this; else the transaction is refused with <c>ERESTART</c>.
    /// </param>
    /// <exception cref="NetlinkException">
    /// The transaction was refused. <see cref="NetlinkException.RequestIndex"/> tells which request was the first to be refused;
    /// <see langword="null"/> means the transaction as a whole, or that it was not answered, and what was done is then unknown.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The client is closed.</exception>
    public void Execute(NftablesBatch batch, uint? generation = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.MessageCount == 0)
            return;
        _socket.ExecuteTransaction(batch.ToTransaction(generation), NftRequestFormatter.Format, batch.RequestOf);
    }

    /// <summary>Asks for the number that every change of the namespace's rules increments.</summary>
    /// <returns>The generation.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer.</exception>
    public uint GetGeneration()
    {
        Span<byte> buffer = stackalloc byte[64];
        return _socket.Query<uint>(buffer[..NftMessage.WriteGetGeneration(buffer)], NftMessage.TryReadGeneration);
    }

    /// <summary>Lists tables.</summary>
    /// <param name="family">Of one family; of all by default.</param>
    /// <returns>The tables.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer.</exception>
    public IReadOnlyList<NftTable> GetTables(NftFamily family = NftFamily.Unspecified)
    {
        Span<byte> buffer = stackalloc byte[64];
        return _socket.Dump<NftTable>(buffer[..TableCodec.WriteDumpTables(buffer, family)], TableCodec.TryReadTable);
    }

    /// <summary>Lists the chains of a table.</summary>
    /// <param name="family">The table's family.</param>
    /// <param name="table">The table's name.</param>
    /// <returns>The chains; none if there is no such table.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer.</exception>
    public IReadOnlyList<NftChain> GetChains(NftFamily family, string table)
    {
        Span<byte> buffer = stackalloc byte[64];
        return _socket.Dump(
            buffer[..TableCodec.WriteDumpChains(buffer, family)],
            // the kernel does not filter
            (NetlinkMessage message, [MaybeNullWhen(false)] out NftChain chain) => TableCodec.TryReadChain(message, out chain)
                && chain.Table == table);
    }

    /// <summary>Lists rules, in order.</summary>
    /// <param name="family">The table's family.</param>
    /// <param name="table">The table's name.</param>
    /// <param name="chain">The chain's name; <see langword="null"/> for every chain of the table.</param>
    /// <returns>The rules with their handles and counts; none if there is no such table or chain.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer.</exception>
    public IReadOnlyList<NftRule> GetRules(NftFamily family, string table, string? chain = null)
    {
        Span<byte> buffer = stackalloc byte[RequestSize];
        return DumpOrEmpty<NftRule>(buffer[..RuleCodec.WriteDumpRequest(buffer, family, table, chain)], RuleCodec.TryRead);
    }

    /// <summary>Lists the sets and maps of a table, except those without a name that belong to rules.</summary>
    /// <param name="family">The table's family.</param>
    /// <param name="table">The table's name.</param>
    /// <returns>The sets; none if there is no such table.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer.</exception>
    public IReadOnlyList<NftSet> GetSets(NftFamily family, string table)
    {
        Span<byte> buffer = stackalloc byte[RequestSize];
        return DumpOrEmpty<NftSet>(buffer[..SetCodec.WriteDumpRequest(buffer, family, table)], SetCodec.TryRead);
    }

    /// <summary>
    /// Lists the elements of a set, in no order. While a set without <see cref="NftSet.Size"/> grows, which the kernel does in the background, an
    /// element may be listed twice, and another one not at all.
    /// </summary>
    /// <param name="set">The set, as it was added or listed.</param>
    /// <returns>The elements.</returns>
    /// <exception cref="NetlinkException">
    /// The kernel refused or did not answer; <see cref="NetlinkException.IsNotFound"/> if there is no such set.
    /// </exception>
    public IReadOnlyList<NftElement> GetElements(NftSet set)
    {
        ArgumentNullException.ThrowIfNull(set);
        Span<byte> buffer = stackalloc byte[RequestSize];
        List<List<(NftElement, bool)>> parts =
            _socket.Dump<List<(NftElement, bool)>>(buffer[..ElementCodec.WriteDumpRequest(buffer, set)], ElementCodec.TryRead);
        return ElementCodec.Assemble(set, parts.SelectMany(static part => part));
    }

    /// <summary>Lists the named counters of a table with what they counted.</summary>
    /// <param name="family">The table's family.</param>
    /// <param name="table">The table's name.</param>
    /// <returns>The counters; none if there is no such table.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer.</exception>
    public IReadOnlyList<NftCounter> GetCounters(NftFamily family, string table)
    {
        Span<byte> buffer = stackalloc byte[RequestSize];
        return DumpOrEmpty<NftCounter>(buffer[..TableCodec.WriteDumpCounters(buffer, family, table)], TableCodec.TryReadCounter);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private const int RequestSize = 1024; // names have 255 bytes at most

    private List<T> DumpOrEmpty<T>(Span<byte> request, NetlinkMessageParser<T> parser)
    {
        try
        {
            return _socket.Dump(request, parser);
        }
        catch (NetlinkException e) when (e.IsNotFound)
        {
            return [];
        }
    }
}
