using Flannel.Netlink.Interop;

namespace Flannel.Netlink;

/// <summary>The kernel refused a netlink request, did not answer it, or answered with something that cannot be understood.</summary>
/// <remarks>
/// The message reads <c>RTM_NEWROUTE 10.244.2.0/24 via 10.244.2.0: ENETUNREACH (Nexthop has invalid gateway)</c>: what was asked, what the
/// kernel said, and its extended acknowledgement text where it gave one.
/// </remarks>
public sealed class NetlinkException : Exception
{
    internal NetlinkException(string operation, int errno, string? kernelMessage = null, int? attributeOffset = null, int? requestIndex = null)
        : base(Compose(operation, errno, kernelMessage, requestIndex))
    {
        Operation = operation;
        Errno = errno;
        KernelMessage = kernelMessage;
        AttributeOffset = attributeOffset;
        RequestIndex = requestIndex;
    }

    /// <summary>What was asked, for example <c>RTM_NEWROUTE 10.244.2.0/24 via 10.244.2.0 dev flannel.1</c>.</summary>
    public string Operation { get; }

    /// <summary>The positive error number (<c>errno(3)</c>). Malformed answers carry <c>EBADMSG</c>, missing answers <c>ETIMEDOUT</c>.</summary>
    public int Errno { get; }

    /// <summary>The symbol of <see cref="Errno"/>, for example <c>ENETUNREACH</c>; the number itself when it has none.</summary>
    public string ErrorName => LinuxErrno.NameOf(Errno);

    /// <summary>The kernel's extended acknowledgement text (<c>NLMSGERR_ATTR_MSG</c>), or this library's reason when the error is its own.</summary>
    public string? KernelMessage { get; }

    /// <summary>Offset, in bytes from the start of the request, of the attribute the kernel refused (<c>NLMSGERR_ATTR_OFFS</c>).</summary>
    public int? AttributeOffset { get; }

    /// <summary>
    /// Which request of a transaction was refused, by the index its method of <c>NftablesBatch</c> returned; <see langword="null"/> when it was no
    /// transaction, or the transaction as a whole.
    /// </summary>
    public int? RequestIndex { get; }

    /// <summary>The object named by the request does not exist (ENOENT, ESRCH, ENODEV, ENXIO, EADDRNOTAVAIL).</summary>
    public bool IsNotFound => IsNotFoundError(Errno);

    /// <summary>An object with this identity exists already (EEXIST).</summary>
    public bool IsAlreadyExists => Errno == LinuxErrno.EEXIST;

    /// <summary>The process lacks the privilege (EPERM, EACCES), usually CAP_NET_ADMIN.</summary>
    public bool IsPermissionDenied => Errno is LinuxErrno.EPERM or LinuxErrno.EACCES;

    /// <summary>The kernel does not know this kind of object or request (EOPNOTSUPP, EPROTONOSUPPORT, EAFNOSUPPORT).</summary>
    public bool IsNotSupported => Errno is LinuxErrno.EOPNOTSUPP or LinuxErrno.EPROTONOSUPPORT or LinuxErrno.EAFNOSUPPORT;

    /// <summary>
    /// Trying again may succeed with nothing else changed (EINTR, EAGAIN, EBUSY, ENOMEM, ENOBUFS, ETIMEDOUT). After ENOBUFS and ETIMEDOUT the
    /// request may have been carried out.
    /// </summary>
    public bool IsTransient => Errno is LinuxErrno.EINTR or LinuxErrno.EAGAIN or LinuxErrno.EBUSY or LinuxErrno.ENOMEM
        or LinuxErrno.ENOBUFS or LinuxErrno.ETIMEDOUT;

    internal static bool IsNotFoundError(int errno) =>
        errno is LinuxErrno.ENOENT or LinuxErrno.ESRCH or LinuxErrno.ENODEV or LinuxErrno.ENXIO or LinuxErrno.EADDRNOTAVAIL;

    internal static NetlinkException Malformed(string what, string problem) => new(what, LinuxErrno.EBADMSG, problem);

    private static string Compose(string operation, int errno, string? kernelMessage, int? requestIndex)
    {
        string text = $"{operation}: {LinuxErrno.NameOf(errno)}";
        if (!string.IsNullOrEmpty(kernelMessage))
            text += $" ({kernelMessage})";
        if (errno == LinuxErrno.EPERM && requestIndex is null)
            text += "; this needs CAP_NET_ADMIN in the user namespace that owns the network namespace";
        else if (errno == LinuxErrno.EPERM)
            text += "; another process owns the table (nft shows it with 'flags owner'), and nobody else may change it until that one ends";
        return text;
    }
}
