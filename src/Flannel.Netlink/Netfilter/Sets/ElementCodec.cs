using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using Flannel.Netlink.Netfilter.Rules;
using static Flannel.Netlink.Interop.LinuxNetlink;
using static Flannel.Netlink.Interop.LinuxNfTables;

namespace Flannel.Netlink.Netfilter.Sets;

/// <summary>
/// Elements as bytes. An interval of one key's type is two elements in the kernel, its first key and the one behind its last; an interval of a
/// concatenation is one, with both ends.
/// </summary>
internal static class ElementCodec
{
    // A list is one attribute, which holds 64 KiB at most. Half of that costs no measurable time and leaves room for any element.
    private const int LongestList = 32 * 1024;

    // As the kernel orders keys: byte by byte.
    private static readonly Comparer<NftValue> ByBytes = Comparer<NftValue>.Create(static (one, other) => one.Bytes.SequenceCompareTo(other.Bytes));

    /// <summary>Room that a message needs beside the names and its elements.</summary>
    private const int MessageOverhead = 256;

    /// <summary>Writes as many of the elements as one message holds.</summary>
    /// <param name="buffer">Where to, at least <see cref="Measure"/> bytes.</param>
    /// <param name="message"><c>NFT_MSG_NEWSETELEM</c> or <c>NFT_MSG_DELSETELEM</c>.</param>
    /// <param name="flags"><c>NLM_F_CREATE</c> for new ones.</param>
    /// <param name="set">The set.</param>
    /// <param name="elements">The elements; stands behind the last one that was written.</param>
    /// <param name="hasMore">Whether <paramref name="elements"/> stands on one; afterwards, whether it still does.</param>
    /// <returns>Length of the message.</returns>
    internal static int Write(
        Span<byte> buffer, ushort message, ushort flags, NftSet set, IEnumerator<NftElement> elements, ref bool hasMore)
    {
        NetlinkMessageWriter writer = Begin(buffer, message, flags, set);
        NestedStart list = writer.BeginNested(NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED);
        int end = writer.Length + LongestList;
        int keyLength = SetCodec.KeyLength(set);
        while (hasMore && writer.Length < end)
        {
            Write(ref writer, set, keyLength, elements.Current);
            hasMore = elements.MoveNext();
        }

        writer.EndNested(list);
        return writer.Complete();
    }

    /// <summary>Without elements: all of them are meant.</summary>
    internal static int WriteFlush(Span<byte> buffer, NftSet set) => Begin(buffer, NFT_MSG_DELSETELEM, 0, set).Complete();

    internal static int WriteDumpRequest(Span<byte> buffer, NftSet set) => Begin(buffer, NFT_MSG_GETSETELEM, 0, set).Complete();

    /// <summary>Room that a message with so many elements needs at most.</summary>
    internal static int Measure(NftSet set, int count)
    {
        // Key and last key, or two keys with flags; each is at most five attributes' headers beside its bytes.
        int each = 2 * (40 + NftValue.MaximumLength) + NftValue.MaximumLength;
        return (int)Math.Min((long)count * each, LongestList + each) + MessageOverhead + (4 * (set.Table.Length + set.Name.Length));
    }

    /// <exception cref="NetlinkException">The message is malformed.</exception>
    internal static bool TryRead(NetlinkMessage message, out List<(NftElement Element, bool IsEnd)> elements)
    {
        elements = [];
        message.Read<nfgenmsg>(out NetlinkAttributeReader attributes);
        while (attributes.MoveNext())
        {
            if (attributes.Type != NFTA_SET_ELEM_LIST_ELEMENTS)
                continue;
            NetlinkAttributeReader list = attributes.ReadNested();
            while (list.MoveNext())
                elements.Add(Read(list.ReadNested()));
            list.EnsureValid();
        }

        attributes.EnsureValid();
        return true;
    }

    /// <summary>Puts together what <see cref="TryRead"/> found.</summary>
    internal static List<NftElement> Assemble(NftSet set, IEnumerable<(NftElement Element, bool IsEnd)> found)
    {
        if (!set.IsInterval || set.IsConcatenation)
            return [.. found.Select(static one => one.Element)];

        List<NftElement> intervals = [];
        NftElement? open = null;
        foreach ((NftElement element, bool isEnd) in found.OrderBy(static one => one.Element.Key, ByBytes).ThenBy(static one => !one.IsEnd))
        {
            // The next interval ends one whose own end was left out because the two touch.
            if (open is { } interval && element.Key.Previous() is { } last)
                intervals.Add(interval with { Last = last });
            open = isEnd ? null : element;
        }

        if (open is { } unended)
            intervals.Add(unended with { Last = new NftValue([.. Enumerable.Repeat(byte.MaxValue, unended.Key.Length)]) });
        return intervals;
    }

    private static NetlinkMessageWriter Begin(Span<byte> buffer, ushort message, ushort flags, NftSet set)
    {
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, message, flags, set.Family);
        writer.WriteString(NFTA_SET_ELEM_LIST_TABLE, set.Table);
        writer.WriteString(NFTA_SET_ELEM_LIST_SET, set.Name);
        return writer;
    }

    private static void Write(ref NetlinkMessageWriter writer, NftSet set, int keyLength, NftElement element)
    {
        Check(set, keyLength, element);
        NestedStart start = writer.BeginNested(NFTA_LIST_ELEM | NLA_F_NESTED);
        NftMessage.WriteValue(ref writer, NFTA_SET_ELEM_KEY, element.Key);
        if (set.IsInterval && set.IsConcatenation)
            NftMessage.WriteValue(ref writer, NFTA_SET_ELEM_KEY_END, element.Last ?? element.Key);
        if (element.Value is { } value)
            NftMessage.WriteValue(ref writer, NFTA_SET_ELEM_DATA, value);
        else if (element.Verdict is { } verdict)
            ExpressionCodec.WriteVerdict(ref writer, NFTA_SET_ELEM_DATA, verdict);
        writer.EndNested(start);
        if (!set.IsInterval || set.IsConcatenation || (element.Last ?? element.Key).Next() is not { } behind)
            return;

        start = writer.BeginNested(NFTA_LIST_ELEM | NLA_F_NESTED);
        writer.WriteUInt32BigEndian(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
        NftMessage.WriteValue(ref writer, NFTA_SET_ELEM_KEY, behind);
        writer.EndNested(start);
    }

    private static void Check(NftSet set, int length, NftElement element)
    {
        if (element.Key.Length != length || (element.Last is { } last && last.Length != length))
            throw new ArgumentException($"Keys of the set {set.Name} have {length} bytes, unlike {element.Key} to {element.Last}.", nameof(element));
        if (element.Last is not null && !set.IsInterval)
        {
            throw new ArgumentException(
                $"The set {set.Name} has no intervals, so {element.Key} to {element.Last} is no element of it.", nameof(element));
        }
    }

    private static (NftElement Element, bool IsEnd) Read(NetlinkAttributeReader attributes)
    {
        NftValue key = default;
        NftValue? last = null, value = null;
        NftVerdict? verdict = null;
        uint flags = 0;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_SET_ELEM_KEY: key = NftMessage.ReadValue(attributes.ReadNested()); break;
                case NFTA_SET_ELEM_KEY_END: last = NftMessage.ReadValue(attributes.ReadNested()); break;
                case NFTA_SET_ELEM_FLAGS: flags = attributes.ReadUInt32BigEndian(); break;
                case NFTA_SET_ELEM_DATA:
                    verdict = ExpressionCodec.ReadVerdict(attributes.ReadNested());
                    value = verdict is null ? NftMessage.ReadValue(attributes.ReadNested()) : null;
                    break;
                default: break;
            }
        }

        attributes.EnsureValid();
        return (new NftElement(key) { Last = last, Value = value, Verdict = verdict }, (flags & NFT_SET_ELEM_INTERVAL_END) != 0);
    }
}
