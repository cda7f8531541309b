using System.Net;
using Flannel.Simulation.Models;

namespace Flannel.Simulation.Rules;

/// <summary>What one lease said for a while: a document that was sound by the rules that hold for every host.</summary>
internal sealed class LeaseVersion
{
    public required string Key { get; init; }

    public required IPNetwork Subnet { get; init; }

    public required IPAddress Address { get; init; }

    public required string Mac { get; init; }

    public required long CreateRevision { get; init; }

    public required TimeSpan From { get; init; }

    /// <summary>Until when the document stood in the store; <see langword="null"/> while it does.</summary>
    public TimeSpan? LiveTo { get; set; }

    /// <summary>Until when it told the truth to those who had seen it: a document that nobody can read does not replace the last good one.</summary>
    public TimeSpan? TrueTo { get; set; }

    /// <summary>The entries that lead to the holder.</summary>
    public IReadOnlyList<(KernelKey Key, string Value)> Entries => field ??=
        [(new KernelKey(KernelTable.Forwarding, Mac), Address.ToString()), (new KernelKey(KernelTable.Routes, Subnet.ToString()), Mac)];

    public bool Overlaps(IPNetwork other) => Subnet.Contains(other.BaseAddress) || other.Contains(Subnet.BaseAddress);

    public override string ToString() =>
        $"{Key} of {Address} ({Mac}) from {From.TotalSeconds:0.000} to {LiveTo?.TotalSeconds:0.000} ({TrueTo?.TotalSeconds:0.000})";
}
