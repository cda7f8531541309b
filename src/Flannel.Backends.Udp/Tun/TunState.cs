namespace Flannel.Backends.Udp.Tun;

/// <summary>The TUN device as it was when it was last in order.</summary>
/// <param name="Index">The device's index.</param>
/// <param name="Mtu">The device's MTU in bytes.</param>
internal sealed record TunState(int Index, int Mtu);
