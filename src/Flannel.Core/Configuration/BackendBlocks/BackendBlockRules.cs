namespace Flannel.Core.Configuration.BackendBlocks;

/// <summary>
/// The rules of the <c>Backend</c> block that hold on every host, so that a configuration can be checked where no backend is registered.
/// </summary>
internal static class BackendBlockRules
{
    // What flannel has and this library has not. Their blocks are their own business.
    private static readonly string[] OnlyInFlannel = ["wireguard", "ipip", "ipsec", "extension", "tencent-vpc"];

    /// <summary>Checks the block of a configuration whose other parts may be invalid.</summary>
    /// <param name="config">The configuration.</param>
    /// <returns>Every problem of the block; <see langword="null"/> if nobody here knows such a backend.</returns>
    public static IReadOnlyList<NetworkConfigProblem>? Check(NetworkConfig config)
    {
        switch (config.BackendType)
        {
            case "vxlan":
                _ = VxlanBackendConfig.Read(config, out BackendBlockReader vxlan);
                return vxlan.Problems;
            case "udp":
                _ = UdpBackendConfig.Read(config, out BackendBlockReader udp);
                return udp.Problems;
            case "host-gw" or "alloc":
                return [];
            default:
                return OnlyInFlannel.Contains(config.BackendType) ? [] : null;
        }
    }
}
