using System.Net.NetworkInformation;

namespace Flannel.Backends.Vxlan.Devices;

/// <summary>The device as it was when it was last in order. Immutable, so that other threads may read it.</summary>
/// <param name="Index">The device's index.</param>
/// <param name="Mac">The device's MAC.</param>
/// <param name="Mtu">The device's MTU in bytes.</param>
internal sealed record VxlanDeviceState(int Index, PhysicalAddress Mac, int Mtu);
