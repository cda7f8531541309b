using System.Net;

namespace Flannel.Core.Configuration;

/// <summary>What a network configuration says about one address family.</summary>
/// <param name="Network">The whole range, or <see langword="null"/>.</param>
/// <param name="SubnetLength">The length of each node's subnet; 0 if it is to be computed.</param>
/// <param name="SubnetMin">The first subnet that may be leased, or <see langword="null"/> if it is to be computed.</param>
/// <param name="SubnetMax">The last subnet that may be leased, or <see langword="null"/> if it is to be computed.</param>
internal readonly record struct FamilySettings(IPNetwork? Network, int SubnetLength, IPAddress? SubnetMin, IPAddress? SubnetMax);
