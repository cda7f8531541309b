namespace Flannel.Backends.Vxlan.Entries;

/// <summary>Orders entries by <see cref="VxlanEntryKind"/>.</summary>
internal sealed class VxlanEntryOrder : IComparer<VxlanEntryKey>
{
    public static VxlanEntryOrder Instance { get; } = new();

    public int Compare(VxlanEntryKey x, VxlanEntryKey y) => ((byte)x.Kind).CompareTo((byte)y.Kind); // the enum's own CompareTo boxes
}
