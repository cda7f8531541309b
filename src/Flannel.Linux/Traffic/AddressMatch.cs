using System.Net;

namespace Flannel.Linux.Traffic;

/// <summary>A condition on a packet's source or destination.</summary>
/// <param name="Network">The range.</param>
/// <param name="IsNot">Whether the address must be outside of it.</param>
internal readonly record struct AddressMatch(IPNetwork Network, bool IsNot = false);
