namespace Flannel.Extensibility;

/// <summary>How a read or write of a kernel setting ended.</summary>
public enum SysctlStatus
{
    /// <summary>The setting has the value of the result.</summary>
    Ok,

    /// <summary>The kernel has no such setting: the device does not exist, the protocol is off (IPv6) or the module is not loaded.</summary>
    NotFound,

    /// <summary>
    /// The setting may not be read or written: <c>CAP_NET_ADMIN</c> is missing, or <c>/proc/sys</c> is mounted read-only, as in most containers.
    /// </summary>
    Denied,

    /// <summary>The kernel refuses the value.</summary>
    InvalidValue,
}
