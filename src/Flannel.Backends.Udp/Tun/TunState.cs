namespace Flannel.Backends.Udp.Tun;

/// <summary>The TUN device as it was when it was last in order.</summary>
/// <param name="Index">The device's index.</param>
/// <param name="Mtu">The device's MTU in bytes.</param>
/// <param name="RouteRefusal">Why a route could not be made, or <see langword="null"/>; the other family's is there all the same.</param>
internal sealed record TunState(int Index, int Mtu, Exception? RouteRefusal);
