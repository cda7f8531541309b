using System.Net;

namespace Flannel.Containers.Addresses;

/// <summary>Addresses of an owner, one for each range.</summary>
/// <param name="Addresses">All of them.</param>
/// <param name="New">Those that were not the owner's before.</param>
internal sealed record Reservation(IReadOnlyList<IPAddress> Addresses, IReadOnlyList<IPAddress> New);
