namespace Flannel.Core.Diagnostics;

/// <summary>The process lacks a privilege that the operation needs, such as the Linux capability <c>CAP_NET_ADMIN</c>.</summary>
public sealed class MissingCapabilityException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="capability">The capability by its kernel name, for example <c>CAP_NET_ADMIN</c>.</param>
    /// <param name="operation">What was attempted.</param>
    /// <param name="innerException">The refusal of the kernel.</param>
    public MissingCapabilityException(string capability, string operation, Exception? innerException = null)
        : base(
            $"{operation} needs the capability {capability}, which this process does not have. Run it as root, grant it " +
            $"(systemd: AmbientCapabilities={capability}; containers: --cap-add {capability.Replace("CAP_", "", StringComparison.Ordinal)}), " +
            "or start it in a user and network namespace of its own (unshare -Urn).",
            innerException)
    {
        Capability = capability;
        Operation = operation;
    }

    /// <summary>The missing capability by its kernel name.</summary>
    public string Capability { get; }

    /// <summary>What was attempted.</summary>
    public string Operation { get; }
}
