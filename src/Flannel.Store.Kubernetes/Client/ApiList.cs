using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.Client;

/// <summary>Everything that is there at one version.</summary>
/// <param name="Objects">The objects.</param>
/// <param name="Version">The version that the list shows, to watch on from.</param>
internal sealed record ApiList(IReadOnlyList<ApiObject> Objects, string Version);
