using Flanneld.CommandLine;
using Flanneld.Hosting;
using Microsoft.Extensions.Logging;

namespace Flanneld;

/// <summary>What the program itself has to say.</summary>
internal static partial class Log
{
    private static readonly string[] Queue = ["EVENT_QUEUE_DEPTH", "CONT_WHEN_CACHE_NOT_READY"];

    /// <summary>Says which flags have no effect, so that nobody wonders.</summary>
    public static void Notes(ILogger logger, FlagValues values, Func<string, string?> variable)
    {
        StoreKind store = new Settings(values).Store;
        if (store != StoreKind.Kubernetes)
        {
            foreach (Flag flag in FlanneldFlags.Kubernetes.Where(values.IsGiven))
                Ignored(logger, $"{values.NameOf(flag)} has no effect without -kube-subnet-mgr");
        }
        else
        {
            foreach (Flag flag in FlanneldFlags.Etcd.Where(values.IsGiven))
                Ignored(logger, $"{values.NameOf(flag)} has no effect with -kube-subnet-mgr");
            foreach (string name in Queue.Where(name => variable(name) is { Length: > 0 }))
            {
                Ignored(
                    logger,
                    $"{name} has no effect: there is no queue of events that could overflow, and the API server is waited for without an end");
            }
        }

        foreach (Flag flag in new[] { FlanneldFlags.Vmodule, FlanneldFlags.LogBacktraceAt }.Where(values.IsGiven))
            Ignored(logger, $"{values.NameOf(flag)} has no effect: -v is the only log flag that has");
        if (values.IsGiven(FlanneldFlags.NetConfigPath) && store == StoreKind.Etcd)
        {
            Ignored(
                logger,
                $"{values.NameOf(FlanneldFlags.NetConfigPath)} has no effect: the network configuration is in etcd, at the key config below " +
                "-etcd-prefix");
        }
    }

    [LoggerMessage(9000, LogLevel.Warning, "{Problem}")]
    public static partial void Ignored(ILogger logger, string problem);

    [LoggerMessage(9003, LogLevel.Information, "SIGHUP has no effect: there is nothing to read again.")]
    public static partial void HangUp(ILogger logger);

    [LoggerMessage(9004, LogLevel.Warning, "Privileges that are not needed could not be given up: {Problem}")]
    public static partial void PrivilegesKept(ILogger logger, string problem);
}
