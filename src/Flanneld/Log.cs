using Flanneld.CommandLine;
using Flanneld.Hosting;
using Microsoft.Extensions.Logging;

namespace Flanneld;

/// <summary>What the program itself has to say.</summary>
internal static partial class Log
{
    /// <summary>Says which flags have no effect, so that nobody wonders.</summary>
    public static void Notes(ILogger logger, FlagValues values)
    {
        foreach (Flag flag in FlanneldFlags.Kubernetes.Where(values.IsGiven))
            Ignored(logger, $"{values.NameOf(flag)} has no effect: the Kubernetes store is not there yet");
        foreach (Flag flag in new[] { FlanneldFlags.Vmodule, FlanneldFlags.LogBacktraceAt }.Where(values.IsGiven))
            Ignored(logger, $"{values.NameOf(flag)} has no effect: -v is the only log flag that has");
        if (values.IsGiven(FlanneldFlags.NetConfigPath) && new Settings(values).Store != StoreKind.Memory)
            Ignored(logger, $"{values.NameOf(FlanneldFlags.NetConfigPath)} has no effect: the network configuration is in etcd, at the key config below -etcd-prefix");
    }

    [LoggerMessage(9000, LogLevel.Warning, "{Problem}")]
    public static partial void Ignored(ILogger logger, string problem);

    [LoggerMessage(9003, LogLevel.Information, "SIGHUP has no effect: there is nothing to read again.")]
    public static partial void HangUp(ILogger logger);
}
