namespace Flannel;

/// <summary>The process lacks a privilege that the operation needs, such as the Linux capability <c>CAP_NET_ADMIN</c>.</summary>
public sealed class MissingCapabilityException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="capability">The capability by its kernel name, for example <c>CAP_NET_ADMIN</c>.</param>
    /// <param name="operation">What was attempted.</param>
    /// <param name="innerException">The refusal of the kernel.</param>
    public MissingCapabilityException(string capability, string operation, Exception? innerException = null)
        : this([capability], operation, innerException)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="capabilities">The capabilities by their kernel names; at least one.</param>
    /// <param name="operation">What was attempted.</param>
    /// <param name="innerException">The refusal of the kernel.</param>
    public MissingCapabilityException(IReadOnlyList<string> capabilities, string operation, Exception? innerException = null)
        : base(Describe(capabilities, operation), innerException)
    {
        Capabilities = capabilities;
        Operation = operation;
    }

    /// <summary>The missing capability by its kernel name; the first if there are several.</summary>
    public string Capability => Capabilities[0];

    /// <summary>All missing capabilities by their kernel names.</summary>
    public IReadOnlyList<string> Capabilities { get; }

    /// <summary>What was attempted.</summary>
    public string Operation { get; }

    private static string Describe(IReadOnlyList<string> capabilities, string operation)
    {
        ArgumentNullException.ThrowIfNull(capabilities);
        string all = string.Join(" and ", capabilities);
        IEnumerable<string> containers = capabilities.Select(
            static capability => $"--cap-add {capability.Replace("CAP_", "", StringComparison.Ordinal)}");
        return $"{operation} needs {(capabilities.Count == 1 ? "the capability" : "the capabilities")} {all}, which this process does not have. " +
            $"Run it as root, grant {(capabilities.Count == 1 ? "it" : "them")} (systemd: AmbientCapabilities={string.Join(' ', capabilities)}; " +
            $"containers: {string.Join(' ', containers)}), or start it in its own user and network namespace (unshare -Urn).";
    }
}
