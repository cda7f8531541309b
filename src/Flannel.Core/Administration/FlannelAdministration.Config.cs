using System.Text;
using Flannel.Core.Leases;
using Flannel.Core.Observation;
using Flannel.Extensibility;

namespace Flannel.Core.Administration;

/// <content>The network configuration.</content>
internal sealed partial class FlannelAdministration
{
    private const string ConfigKey = "config";

    public async Task<StoredNetworkConfig?> GetConfigAsync(CancellationToken cancellationToken = default) =>
        (await ReadAsync(cancellationToken).ConfigureAwait(false)).Config;

    public Task<StoredNetworkConfig> SetConfigAsync(
        NetworkConfig config, ConfigWriteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        return WriteAsync(_ => new Draft(() => config.Validate(), Whole: null), options, cancellationToken);
    }

    public Task<StoredNetworkConfig> SetConfigAsync(string json, ConfigWriteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(json);
        return WriteAsync(_ => new Draft(() => NetworkConfig.Parse(json, Target), json), options, cancellationToken);
    }

    public Task<StoredNetworkConfig> UpdateConfigAsync(
        Func<NetworkConfig, NetworkConfig> change, ConfigWriteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        return WriteAsync(
            current =>
            {
                NetworkConfig config = current is null ? StoreConfig.Parse(null, _store.ConfigSource) : current.Config ?? throw current.Error!;
                NetworkConfig changed = change(config) ?? throw new ArgumentException("It returned no configuration.", nameof(change));
                return new Draft(() => changed.Validate(), Whole: null);
            },
            options,
            cancellationToken);
    }

    public async Task<bool> DeleteConfigAsync(ConfigWriteOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new ConfigWriteOptions();
        for (int attempt = 1; ; attempt++)
        {
            ObservedNetwork network = await ReadAsync(cancellationToken).ConfigureAwait(false);
            long revision = Expect(network, options);
            if (network.Config is null) return false;
            StoredLease[] leases = [.. network.Sorted.Where(static lease => lease is { Subnets: not null, Attributes: not null })];
            if (leases.Length > 0 && !options.AllowStrandedLeases)
            {
                throw new NetworkConfigException(Target, [new NetworkConfigProblem(
                    "",
                    "",
                    $"it is needed as long as there are leases, such as {ConfigReview.Name(leases)}; revoke them, wait until they end, or set " +
                    $"{nameof(ConfigWriteOptions)}.{nameof(ConfigWriteOptions.AllowStrandedLeases)}")])
                { StrandedLeases = leases };
            }

            StoreConfigResult result = await _store.WriteConfigAsync(null, revision, cancellationToken).ConfigureAwait(false);
            if (result.Succeeded)
            {
                Log.ConfigDeleted(_logger, _store.ConfigSource, revision);
                return true;
            }

            if (options.ExpectedRevision is not null || attempt == MaxAttempts) throw ConfigConflict(revision, result.Revision);
        }
    }

    private string Target => $"to be written to {_store.ConfigSource}";

    private async Task<StoredNetworkConfig> WriteAsync(
        Func<StoredNetworkConfig?, Draft> make, ConfigWriteOptions? options, CancellationToken cancellationToken)
    {
        options ??= new ConfigWriteOptions();
        for (int attempt = 1; ; attempt++)
        {
            ObservedNetwork network = await ReadAsync(cancellationToken).ConfigureAwait(false);
            long revision = Expect(network, options);
            Draft draft = make(network.Config);
            NetworkConfig config = new ConfigReview(Target, options, _backends).Check(draft.Read, network);
            string document = draft.Whole ?? ConfigDocument.Merge(config.ToJson(), network.Config?.Json);
            if (network.Config is { } current && current.Json == document) return current;

            // Even if any document may be replaced, what is kept of it and what was checked must be of the one that is replaced.
            StoreConfigResult result = await _store.WriteConfigAsync(Encoding.UTF8.GetBytes(document), revision, cancellationToken)
                .ConfigureAwait(false);
            if (result.Succeeded)
            {
                Log.ConfigWritten(_logger, _store.ConfigSource, result.Revision, config);
                return StoredNetworkConfig.Read(result.Document, result.Revision, _store.ConfigSource)!;
            }

            if (options.ExpectedRevision is not null || attempt == MaxAttempts) throw ConfigConflict(revision, result.Revision);
        }
    }

    private long Expect(ObservedNetwork network, ConfigWriteOptions options)
    {
        long found = network.Config?.Revision ?? 0;
        if (network.Config is not null && found == 0)
        {
            throw new StoreNotSupportedException(
                $"The store does not tell at which revision its configuration ({_store.ConfigSource}) was written, so it cannot be changed safely.");
        }

        return options.ExpectedRevision is { } expected && expected != found ? throw ConfigConflict(expected, found) : found;
    }

    private StoreConflictException ConfigConflict(long expected, long found) => new(
        $"The network configuration ({_store.ConfigSource}) was to be written over " +
        (expected == 0 ? "none" : $"revision {expected}") +
        (found == 0 ? ", but there is none" : $", but has revision {found}") +
        ". Nothing was written: read it again and decide again.",
        ConfigKey,
        expected,
        found);

    /// <summary>A configuration to be written.</summary>
    /// <param name="Read">Reads and validates it.</param>
    /// <param name="Whole">The document to write byte for byte; <see langword="null"/> to make it from the configuration.</param>
    private sealed record Draft(Func<NetworkConfig> Read, string? Whole);
}
