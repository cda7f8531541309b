using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;

namespace Flannel.Netlink;

public sealed partial class NetlinkSocket
{
    private const int MaximumDumpAttempts = 20;

    /// <summary>
    /// Lists a whole table. The kernel marks a dump that a change interrupted (<c>NLM_F_DUMP_INTR</c>), because entries may then be missing or
    /// appear twice; such a dump is thrown away and started again, at most 20 times.
    /// </summary>
    /// <typeparam name="T">What one entry is parsed to.</typeparam>
    /// <param name="request">One complete message; its sequence number and <c>NLM_F_DUMP</c> are set here.</param>
    /// <param name="parser">Reads one entry, or leaves it out.</param>
    /// <returns>The entries of one uninterrupted dump.</returns>
    /// <exception cref="NetlinkException">
    /// The kernel refused, did not answer in time, or every attempt was interrupted (<see cref="NetlinkException.IsTransient"/>).
    /// </exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public List<T> Dump<T>(Span<byte> request, NetlinkMessageParser<T> parser)
    {
        ArgumentNullException.ThrowIfNull(parser);
        lock (_lock)
        {
            int errno = 0;
            for (int attempt = 0; attempt < MaximumDumpAttempts; attempt++)
            {
                var items = new List<T>();
                errno = DumpOnce(request, parser, items);
                if (errno == 0)
                    return items;
            }

            throw new NetlinkException(
                _describe(request), errno, $"the table kept changing: {MaximumDumpAttempts} dumps in a row were interrupted");
        }
    }

    /// <returns>0, or the error for which the dump must start again.</returns>
    private int DumpOnce<T>(Span<byte> request, NetlinkMessageParser<T> parser, List<T> items)
    {
        uint sequence = Begin(request, LinuxNetlink.NLM_F_DUMP);
        Send(request);
        bool interrupted = false;
        while (true)
        {
            var messages = new NetlinkMessageReader(Receive(request));
            while (messages.MoveNext())
            {
                NetlinkMessage message = messages.Current;
                if (message.Sequence != sequence || message.PortId != PortId)
                    continue;
                interrupted |= (message.Flags & LinuxNetlink.NLM_F_DUMP_INTR) != 0;
                if (message.Type is LinuxNetlink.NLMSG_ERROR or LinuxNetlink.NLMSG_DONE)
                {
                    _answersLeftBehind = false;
                    KernelError error = message.Type == LinuxNetlink.NLMSG_ERROR ? KernelError.Read(message) : KernelError.ReadDone(message);
                    if (error.Errno is LinuxErrno.EINTR or LinuxErrno.EAGAIN or LinuxErrno.EBUSY)
                        return error.Errno;
                    if (error.Errno != 0)
                        throw error.ToException(_describe(request));
                    return interrupted ? LinuxErrno.EINTR : 0;
                }

                if (!interrupted && message.Type > LinuxNetlink.NLMSG_DONE && parser(message, out T? item))
                    items.Add(item);
            }

            messages.EnsureValid();
        }
    }
}
