namespace Flannel.Netlink;

/// <summary>How a netlink socket is opened.</summary>
public sealed record NetlinkSocketOptions
{
    /// <summary>
    /// Longest wait for one answer of the kernel; afterwards the request fails with <c>ETIMEDOUT</c>, so no request hangs.
    /// </summary>
    /// <value>At least 1 millisecond; 5 seconds by default.</value>
    public TimeSpan ReceiveTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Wanted size of the receive buffer in bytes. It is forced beyond <c>net.core.rmem_max</c> where the process may do so
    /// (CAP_NET_ADMIN in the initial user namespace), and capped by it otherwise; <see cref="NetlinkSocket.ReceiveBufferSize"/> tells what was given.
    /// </summary>
    /// <value>Greater than zero; 4 MiB by default. A limit, not memory in use.</value>
    public int ReceiveBufferSize { get; init; } = 4 * 1024 * 1024;

    /// <summary>Numbers of the multicast groups to join (<c>RTNLGRP_*</c> and the like); none by default.</summary>
    public IReadOnlyList<uint> Groups { get; init; } = [];

    /// <summary>
    /// Turns a request (complete message with its header) into the text that names it in exceptions, such as
    /// <c>RTM_NEWROUTE 10.244.2.0/24 via 10.244.2.0</c>. By default only type and length are named.
    /// </summary>
    public Func<ReadOnlySpan<byte>, string>? Describe { get; init; }
}
