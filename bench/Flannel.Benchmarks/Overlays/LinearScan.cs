using Flannel.Core.Addressing;

namespace Flannel.Benchmarks.Overlays;

/// <summary>
/// The obvious way to find a free subnet: go through the pool, compare each subnet with every lease, draw from the first hundred that are free.
/// </summary>
internal sealed class LinearScan(NetworkConfig config, SubnetKey[] taken)
{
    private const int Enough = 100;

    private readonly SubnetRange _pool = config.IPv4Subnets!.Value;
    private readonly Subnet[] _taken = [.. taken.Select(static key => key.IPv4Subnet!.Value)];

    public Subnet Draw(Random random)
    {
        var free = new List<Subnet>(Enough);
        for (UInt128 index = 0; index < _pool.Count && free.Count < Enough; index++)
        {
            Subnet candidate = _pool[index];
            if (IsFree(candidate)) free.Add(candidate);
        }

        return free[random.Next(free.Count)];
    }

    private bool IsFree(Subnet candidate)
    {
        foreach (Subnet subnet in _taken)
        {
            if (subnet.Overlaps(candidate)) return false;
        }

        return true;
    }
}
