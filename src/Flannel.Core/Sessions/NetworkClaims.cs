using System.Net;
using Flannel.Core.Addressing;

namespace Flannel.Core.Sessions;

/// <summary>
/// Which network of this process has which ranges, devices and ports in which namespace. Two that share one would take each other's routes and
/// devices for their own, and the first to stop would tear the other down.
/// </summary>
internal sealed class NetworkClaims
{
    private readonly Lock _gate = new();
    private readonly List<Claim> _claims = [];

    /// <summary>Claims what a network needs.</summary>
    /// <param name="name">The network's name.</param>
    /// <param name="networkNamespace">The identity of the namespace that it works in.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="claims">What its backend must have for itself.</param>
    /// <returns>Gives the claim up.</returns>
    /// <exception cref="NetworkConflictException">Another network has claimed some of it.</exception>
    public IDisposable Take(string name, string networkNamespace, NetworkConfig config, IReadOnlyList<string> claims)
    {
        IPNetwork[] ranges =
            [.. new[] { config.EnableIPv4 ? config.Network : null, config.EnableIPv6 ? config.IPv6Network : null }.OfType<IPNetwork>()];
        var claim = new Claim(this, name, networkNamespace, ranges, claims);
        lock (_gate)
        {
            foreach (Claim other in _claims.Where(other => other.NetworkNamespace == networkNamespace))
            {
                if (claims.FirstOrDefault(other.Claims.Contains) is { } wanted)
                    throw new NetworkConflictException(name, other.Name, $"both want {wanted}");
                foreach (IPNetwork range in ranges)
                {
                    if (other.Ranges.FirstOrDefault(taken => new Subnet(taken).Overlaps(new Subnet(range))) is { PrefixLength: > 0 } taken)
                        throw new NetworkConflictException(name, other.Name, $"their ranges {range} and {taken} overlap");
                }
            }

            _claims.Add(claim);
        }

        return claim;
    }

    private sealed record Claim(NetworkClaims Owner, string Name, string NetworkNamespace, IPNetwork[] Ranges, IReadOnlyList<string> Claims)
        : IDisposable
    {
        public void Dispose()
        {
            lock (Owner._gate) Owner._claims.RemoveAll(claim => ReferenceEquals(claim, this));
        }
    }
}
