using Flannel.Core.Configuration;
using Flannel.Extensibility;

namespace Flannel.Core.Leases;

internal sealed partial class SubnetManager
{
    /// <summary>What one listing showed.</summary>
    private sealed class View(SubnetManager manager, StoreSnapshot listed) : ISubnetView
    {
        private IReadOnlyCollection<SubnetKey>? _leased;

        public IReadOnlyCollection<SubnetKey> Leased =>
            _leased ??= [.. listed.Entries.Select(static entry => SubnetKey.TryParse(entry.Key, out SubnetKey key) ? key : default(SubnetKey?)).OfType<SubnetKey>()];

        public IReadOnlyList<string> UnknownConfigKeys => NetworkConfigReader.FindUnknownKeys(listed.Config);

        public NetworkConfig ReadConfig() => StoreConfig.Parse(listed.Config, manager._store.ConfigSource);

        public Lease? FindOwn(LeaseRequest request)
        {
            ArgumentNullException.ThrowIfNull(request);
            return LeaseList.Read(listed, new NodeIdentity(request)).ChooseOwn(request) is { } own
                ? own.Lease with { Expiration = own.Entry.HasTimeToLive ? manager._time.GetUtcNow() + manager._options.TimeToLive : null }
                : null;
        }

        public async Task<ISubnetMembership> AcquireAsync(LeaseRequest request, CancellationToken cancellationToken) =>
            await manager.AcquireAsync(request, listed, cancellationToken).ConfigureAwait(false);
    }
}
