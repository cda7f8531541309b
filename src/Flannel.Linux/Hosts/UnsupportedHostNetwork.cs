using System.Runtime.InteropServices;
using Flannel.Extensibility;

namespace Flannel.Linux.Hosts;

/// <summary>Stands in for the host's network on systems other than Linux: every question gets the reason why there is no answer.</summary>
internal sealed class UnsupportedHostNetwork : IHostNetwork
{
    /// <inheritdoc/>
    public Task CheckAccessAsync(string? networkNamespace, CancellationToken cancellationToken) => Refuse<bool>();

    /// <inheritdoc/>
    public Task<ExternalInterface> FindExternalInterfaceAsync(
        string? networkNamespace, ExternalInterfaceOptions options, NetworkConfig config, CancellationToken cancellationToken) =>
        Refuse<ExternalInterface>();

    /// <inheritdoc/>
    public Task<ExternalInterface> WaitForOtherExternalInterfaceAsync(
        string? networkNamespace,
        ExternalInterfaceOptions options,
        NetworkConfig config,
        ExternalInterface current,
        CancellationToken cancellationToken) => Refuse<ExternalInterface>();

    /// <inheritdoc/>
    public Task<IReadOnlyList<HostPrefix>> GetPrefixesAsync(string? networkNamespace, CancellationToken cancellationToken) =>
        Refuse<IReadOnlyList<HostPrefix>>();

    private static Task<T> Refuse<T>() => Task.FromException<T>(new UnsupportedPlatformException(RuntimeInformation.OSDescription));
}
