using Flannel.Core.Configuration;
using Flannel.Extensibility;

namespace Flannel.Core.Leases.Policy;

internal sealed partial class SubnetManager
{
    /// <summary>What one listing showed.</summary>
    private sealed class View(SubnetManager manager, StoreSnapshot listed) : ISubnetView
    {
        private IReadOnlyCollection<SubnetKey>? _leased;

        public IReadOnlyCollection<SubnetKey> Leased =>
            _leased ??= [.. listed.Entries.Select(static entry => SubnetKey.TryParse(entry.Key, out SubnetKey key) ? key : default(SubnetKey?))
                .OfType<SubnetKey>()];

        public IReadOnlyList<string> UnknownConfigKeys => NetworkConfigReader.FindUnknownKeys(listed.Config);

        public NetworkConfig ReadConfig() => StoreConfig.Parse(listed.Config, manager._store.ConfigSource);

        public Lease? FindOwn(LeaseRequest request)
        {
            ArgumentNullException.ThrowIfNull(request);
            return LeaseList.Read(listed, new NodeIdentity(request)).ChooseOwn(request) is { } own
                ? own.Lease with { Expiration = own.Entry.HasTimeToLive ? manager._time.GetUtcNow() + manager._options.TimeToLive : null }
                : null;
        }

        bool ISubnetView.IsPublishedByAnother(LeaseRequest request)
        {
            (string? data, string? dataV6) = (request.Attributes.BackendData, request.Attributes.BackendV6Data);
            if (data is null && dataV6 is null) return false;
            var identity = new NodeIdentity(request);
            long written = Math.Max(request.HeldLease?.ModRevision ?? 0, request.LastWrite);
            bool isFound = false;
            foreach (StoredEntry entry in listed.Entries)
            {
                if (!entry.TryRead(out LeaseAttributes? other, out _)) continue;
                if (identity.IsOwn(other)) return false;
                bool isSame = (data is not null && data == other.BackendData) || (dataV6 is not null && dataV6 == other.BackendV6Data);
                isFound |= isSame && entry.ModRevision != written;
            }

            return isFound;
        }

        public async Task<ISubnetMembership> AcquireAsync(LeaseRequest request, CancellationToken cancellationToken) =>
            await manager.AcquireAsync(request, listed, cancellationToken).ConfigureAwait(false);
    }
}
