using Flannel.Extensibility;

namespace Flannel.Testing.Tests.Contracts;

/// <summary>A network in which single calls can be replaced by wrong ones.</summary>
internal sealed class MutantNetwork(FakeBackendNetwork right) : IBackendNetwork
{
    public FakeBackendNetwork Right { get; } = right;

    public Func<LeaseAttributes> Publish { get; set; } = () => right.Attributes;

    public Func<BackendStatus> Report { get; set; } = () => right.Status;

    public Func<Lease, string?> Check { get; set; } = right.CheckPeer;

    public Func<Lease, CancellationToken, Task> Start { get; set; } = right.StartAsync;

    public Action<IReadOnlyList<Lease>> Set { get; set; } = right.SetPeers;

    public Action<IReadOnlyList<LeaseChange>> Change { get; set; } = right.ChangePeers;

    public Func<CancellationToken, IAsyncEnumerable<BackendStatus>> Watch { get; set; } = right.WatchAsync;

    public Func<CancellationToken, Task> Remove { get; set; } = right.RemoveAsync;

    public Func<ValueTask> Dispose { get; set; } = right.DisposeAsync;

    public LeaseAttributes Attributes => Publish();

    public BackendStatus Status => Report();

    public string? CheckPeer(Lease peer) => Check(peer);

    public Task StartAsync(Lease own, CancellationToken cancellationToken) => Start(own, cancellationToken);

    public void SetPeers(IReadOnlyList<Lease> peers) => Set(peers);

    public void ChangePeers(IReadOnlyList<LeaseChange> changes) => Change(changes);

    public IAsyncEnumerable<BackendStatus> WatchAsync(CancellationToken cancellationToken) => Watch(cancellationToken);

    public Task RemoveAsync(CancellationToken cancellationToken) => Remove(cancellationToken);

    public ValueTask DisposeAsync() => Dispose();
}
