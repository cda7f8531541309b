namespace Flannel.Backends.Udp.Coalescing;

/// <summary>What a packet may do to the run of its flow.</summary>
internal enum CoalescingClass
{
    /// <summary>It may join a run or begin one.</summary>
    Mergeable,

    /// <summary>A TCP acknowledgement without data: it goes as it is and disturbs nothing. Coming late, it says less than what overtook it.</summary>
    Acknowledgement,

    /// <summary>It goes as it is and keeps its place in its flow, so the flow's run ends before it.</summary>
    InOrder,

    /// <summary>
    /// Its ports cannot be told (fragments, options, extension headers, other protocols), so every run between its addresses ends before it.
    /// </summary>
    Opaque,
}
