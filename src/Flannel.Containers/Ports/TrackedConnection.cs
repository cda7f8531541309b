using System.Net;

namespace Flannel.Containers.Ports;

/// <summary>A connection that the kernel tracks.</summary>
/// <param name="Port">The port that its first packet was sent to.</param>
/// <param name="Translated">Who answers, if source or destination is translated; <see langword="null"/> if the packets stay as they are.</param>
/// <param name="Tuple">What its packets look like, in the kernel's bytes.</param>
/// <param name="Id">The kernel's number for it, in its bytes.</param>
/// <param name="Zone">The zone, in the kernel's bytes; empty for the usual one.</param>
internal sealed record TrackedConnection(int Port, IPAddress? Translated, byte[] Tuple, byte[] Id, byte[] Zone);
