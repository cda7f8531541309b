namespace Flannel.Core.Addressing;

/// <summary>Consecutive subnets of one length: what a network configuration lets nodes lease, from <c>SubnetMin</c> to <c>SubnetMax</c>.</summary>
internal readonly struct SubnetRange
{
    /// <summary>Creates a range.</summary>
    /// <param name="first">The first subnet.</param>
    /// <param name="last">The last subnet, included; of the same family and length, and not before <paramref name="first"/>.</param>
    public SubnetRange(Subnet first, Subnet last)
    {
        if (first.Family != last.Family || first.PrefixLength != last.PrefixLength || first.First > last.First || first.PrefixLength == 0)
        {
            throw new ArgumentException($"{first} to {last} is no range of subnets of one length.", nameof(last));
        }

        First = first;
        Last = last;
    }

    /// <summary>The first subnet.</summary>
    public Subnet First { get; }

    /// <summary>The last subnet, included.</summary>
    public Subnet Last { get; }

    /// <summary>The length of every subnet.</summary>
    public int PrefixLength => First.PrefixLength;

    private UInt128 Start => First.First >> First.HostBits;

    private UInt128 End => Last.First >> Last.HostBits;

    /// <summary>How many subnets there are; at least one.</summary>
    public UInt128 Count => End - Start + 1;

    /// <summary>The subnet at a position.</summary>
    /// <param name="index">0 to <see cref="Count"/> − 1.</param>
    public Subnet this[UInt128 index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            return new Subnet((Start + index) << First.HostBits, PrefixLength, First.Family);
        }
    }

    /// <summary>The position of a subnet, if it is one of the range.</summary>
    public bool TryGetIndex(Subnet subnet, out UInt128 index)
    {
        index = default;
        return subnet.PrefixLength == PrefixLength && TryGetOverlap(subnet, out index, out _);
    }

    /// <summary>The positions of the subnets that share an address with a subnet of any length, if there are any.</summary>
    public bool TryGetOverlap(Subnet subnet, out UInt128 firstIndex, out UInt128 lastIndex)
    {
        UInt128 start = subnet.First >> First.HostBits;
        UInt128 end = subnet.Last >> First.HostBits;
        if (subnet.Family != First.Family || end < Start || start > End)
        {
            firstIndex = lastIndex = default;
            return false;
        }

        firstIndex = UInt128.Max(start, Start) - Start;
        lastIndex = UInt128.Min(end, End) - Start;
        return true;
    }

    /// <summary>The range as an operator would name it.</summary>
    public override string ToString() => $"{First} to {Last}";
}
