using System.Net.NetworkInformation;

namespace Flannel.Backends.Vxlan.Devices;

/// <summary>The device as it was when it was last in order. Immutable, so that other threads may read it.</summary>
/// <param name="Index">The device's index.</param>
/// <param name="Mac">The device's MAC.</param>
/// <param name="Mtu">The device's MTU in bytes.</param>
/// <param name="UplinkIndex">The index of the interface that carries the outer packets.</param>
/// <param name="UplinkMtu">That interface's MTU in bytes.</param>
/// <param name="IsUplinkUp">Whether that interface was up.</param>
internal sealed record VxlanDeviceState(int Index, PhysicalAddress Mac, int Mtu, int UplinkIndex, int UplinkMtu, bool IsUplinkUp);
