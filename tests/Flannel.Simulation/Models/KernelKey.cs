namespace Flannel.Simulation.Models;

/// <summary>What identifies an entry of the kernel.</summary>
/// <param name="Table">The table that it is in.</param>
/// <param name="Name">A hardware address, or a subnet.</param>
internal readonly record struct KernelKey(KernelTable Table, string Name) : IComparable<KernelKey>
{
    public int CompareTo(KernelKey other) => Table == other.Table ? string.CompareOrdinal(Name, other.Name) : Table.CompareTo(other.Table);

    public override string ToString() => $"{Table} {Name}";
}

/// <summary>The tables; routes are written last and removed first.</summary>
internal enum KernelTable
{
    /// <summary>Hardware address to public address.</summary>
    Forwarding,

    /// <summary>Subnet to hardware address.</summary>
    Routes,
}
