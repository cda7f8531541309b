namespace Flannel.Backends.Udp.Tun;

/// <summary>The TUN device as it was when it was last in order.</summary>
/// <param name="Index">The device's index.</param>
/// <param name="Mtu">The device's MTU in bytes.</param>
/// <param name="UplinkIndex">The index of the interface that carries the outer packets.</param>
/// <param name="UplinkMtu">That interface's MTU in bytes.</param>
internal sealed record TunState(int Index, int Mtu, int UplinkIndex, int UplinkMtu);
