using System.Threading.Channels;

namespace Flannel.Store.Kubernetes.NetworkConfigs;

/// <summary>Where the network configuration is written down.</summary>
internal interface IConfigOrigin
{
    /// <summary>The place, for messages.</summary>
    string Name { get; }

    /// <summary>Reads it.</summary>
    /// <exception cref="StoreException">The API server does not answer, or refuses.</exception>
    Task<ConfigDocument> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Tells of every change until cancelled.</summary>
    /// <param name="known">What was read last.</param>
    /// <param name="writer">Where to tell it.</param>
    /// <param name="cancellationToken">Ends it, with an <see cref="OperationCanceledException"/>.</param>
    Task FollowAsync(ConfigDocument known, ChannelWriter<ConfigDocument> writer, CancellationToken cancellationToken);
}
