namespace Flannel.Backends.HostGateway.DataPath;

/// <summary>The external interface as it was last seen. Immutable, so that any thread may read it.</summary>
/// <param name="Index">Its index.</param>
/// <param name="Name">Its name.</param>
/// <param name="Mtu">Its MTU in bytes.</param>
/// <param name="Problem">Why no route can go over it now, or <see langword="null"/>.</param>
internal sealed record UplinkState(int Index, string Name, int Mtu, string? Problem);
