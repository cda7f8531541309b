namespace Flannel.Core.Configuration.BackendBlocks;

/// <summary>
/// The rules of the <c>Backend</c> block that hold on every host, so that a configuration can be checked where no backend is registered.
/// </summary>
internal static class BackendBlockRules
{
    // What flannel has and this library has not. Their blocks are their own business.
    private static readonly string[] OnlyInFlannel = ["wireguard", "ipip", "ipsec", "extension", "tencent-vpc"];

    // What flannel reads on Windows. A network may have hosts of both kinds.
    private static readonly string[] OnlyOnWindows = ["Name", "MacPrefix", "DNSServerList"];

    /// <summary>Checks the block of a configuration whose other parts may be invalid.</summary>
    /// <param name="config">The configuration.</param>
    /// <returns>Every problem of the block; <see langword="null"/> if nobody here knows such a backend.</returns>
    public static IReadOnlyList<NetworkConfigProblem>? Check(NetworkConfig config)
    {
        if (Read(config) is { } reader) return reader.Problems;
        return OnlyInFlannel.Contains(config.BackendType) ? [] : null;
    }

    /// <summary>The members of a block that mean nothing to its backend. Those of backends that are not known here may mean something.</summary>
    /// <param name="config">The configuration; only its block counts.</param>
    public static IEnumerable<string> FindUnknownKeys(NetworkConfig config) => Read(config) is { } reader
        ? reader.OtherNames.Where(static name => !OnlyOnWindows.Contains(name, StringComparer.OrdinalIgnoreCase))
        : [];

    private static BackendBlockReader? Read(NetworkConfig config)
    {
        BackendBlockReader reader;
        switch (config.BackendType)
        {
            case "vxlan":
                _ = VxlanBackendConfig.Read(config, out reader);
                return reader;
            case "udp":
                _ = UdpBackendConfig.Read(config, out reader);
                return reader;
            case "host-gw" or "alloc":
                return new BackendBlockReader(config, config.BackendType);
            default:
                return null;
        }
    }
}
