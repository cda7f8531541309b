using System.Text;
using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Store.Etcd.Tests.Lab;

/// <summary>Stores on an etcd under test, and short words for what tests do with them.</summary>
internal static class LabStore
{
    public const string Prefix = "/coreos.com/network";
    public const string Key = "10.5.1.0-24";

    public static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public static EtcdLeaseStore Open(
        EtcdServer server, Action<EtcdStoreOptions>? configure = null, TimeSpan? probeAfter = null, ILogger<EtcdLeaseStore>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(server);
        return Open(options =>
        {
            options.Endpoints = server.Endpoints;
            configure?.Invoke(options);
        }, probeAfter, logger);
    }

    /// <summary>A store without an etcd of its own.</summary>
    public static EtcdLeaseStore Open(
        Action<EtcdStoreOptions> configure, TimeSpan? probeAfter = null, ILogger<EtcdLeaseStore>? logger = null, TimeProvider? time = null)
    {
        var options = new EtcdStoreOptions { Prefix = Prefix };
        configure(options);
        return new EtcdLeaseStore(
            options, time ?? TimeProvider.System, new Random(), logger ?? NullLogger<EtcdLeaseStore>.Instance, new EtcdMetrics(null, ""))
        {
            ProbeAfter = probeAfter ?? TimeSpan.FromSeconds(15),
        };
    }

    public static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string Text(StoredEntry? entry) => entry is null ? "(none)" : Text(entry.Value);

    public static string Text(ReadOnlyMemory<byte> document) => Encoding.UTF8.GetString(document.Span);

    public static async Task<StoredEntry> CreateAsync(this ILeaseStore store, string key = Key, string value = "{}", TimeSpan? timeToLive = null)
    {
        StoreWriteResult result = await store.CreateAsync(key, Bytes(value), timeToLive ?? Hour, CancellationToken.None);
        Assert.True(result.Succeeded);
        return result.Entry!;
    }

    public static async Task<StoredEntry> TakeAsync(this Task<StoreWriteResult> write)
    {
        StoreWriteResult result = await write;
        Assert.True(result.Succeeded);
        return result.Entry!;
    }

    /// <summary>Tries until the store answers, for up to a minute.</summary>
    public static async Task<T> EventuallyAsync<T>(Func<Task<T>> call)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                return await call();
            }
            catch (StoreException) when (!limit.IsCancellationRequested)
            {
                await Task.Delay(200);
            }
        }
    }
}
