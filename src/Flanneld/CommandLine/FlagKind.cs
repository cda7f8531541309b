namespace Flanneld.CommandLine;

/// <summary>What a flag takes.</summary>
internal enum FlagKind
{
    /// <summary>A text.</summary>
    Text,

    /// <summary>A whole number, written as in Go: <c>10</c>, <c>0x0a</c>, <c>0b1010</c>, <c>1_000</c>.</summary>
    Number,

    /// <summary>On or off. Its value, if there is one, is joined by <c>=</c>; alone it means on.</summary>
    Switch,

    /// <summary>A text; the flag may be repeated, and every value counts.</summary>
    List,
}
