namespace Flannel.Netlink.Messages;

/// <summary>
/// Marks where a nested attribute began; given by <see cref="NetlinkMessageWriter.BeginNested"/>, taken by
/// <see cref="NetlinkMessageWriter.EndNested"/>.
/// </summary>
public readonly ref struct NestedStart
{
    internal NestedStart(int offset) => Offset = offset;

    internal int Offset { get; }
}
