using System.Net;

namespace Flannel.Lab.Pinging;

/// <summary>An error that came back for an echo request.</summary>
/// <param name="From">Who reported it; the pinging host itself for a refusal by its own kernel.</param>
/// <param name="Kind">What happened to the packet.</param>
/// <param name="Mtu">With <see cref="IcmpErrorKind.PacketTooBig"/> the MTU of the next hop in bytes, else 0.</param>
public sealed record IcmpError(IPAddress From, IcmpErrorKind Kind, int Mtu);
