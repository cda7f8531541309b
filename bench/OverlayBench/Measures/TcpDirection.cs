namespace OverlayBench.Measures;

/// <summary>Which container sends.</summary>
internal enum TcpDirection
{
    /// <summary>The first, which also connects.</summary>
    There,

    /// <summary>The second.</summary>
    Back,

    /// <summary>Each sends to the other at the same time; what arrives is summed.</summary>
    Both,
}
