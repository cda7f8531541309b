using Flannel.Extensibility;
using Flannel.Store.Kubernetes.Client;
using Flannel.Store.Kubernetes.Diagnostics;
using Flannel.Store.Kubernetes.Following;
using Flannel.Store.Kubernetes.NetworkConfigs;
using Flannel.Store.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Kubernetes.Membership;

/// <summary>What a <see cref="NodeKeeper"/> works with.</summary>
internal sealed record NodeKeeperServices
{
    public required ApiClient Client { get; init; }

    public required AnnotationNames Names { get; init; }

    /// <summary>Makes what follows objects.</summary>
    public required Func<ApiSource, Reflector> Follow { get; init; }

    public required IConfigOrigin Config { get; init; }

    public required PeerLimits Limits { get; init; }

    /// <summary>Whether the Node's condition is set.</summary>
    public required bool SetsCondition { get; init; }

    public required TimeProvider Time { get; init; }

    public required Random Random { get; init; }

    public required KubernetesMetrics Metrics { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Told of every version that is known, from which the next session lists.</summary>
    public required Action<string> NoteVersion { get; init; }
}
