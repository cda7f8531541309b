namespace Flannel.Backends.Udp.Interop;

/// <summary>poll.h and sys/eventfd.h.</summary>
internal static class LinuxPoll
{
    internal const short POLLIN = 0x1;
    internal const short POLLOUT = 0x4;
    internal const short POLLERR = 0x8;
    internal const short POLLHUP = 0x10;
    internal const short POLLNVAL = 0x20;

    internal const int EFD_NONBLOCK = 0x800;
    internal const int EFD_CLOEXEC = 0x80000;

    internal struct pollfd
    {
        public int fd;
        public short events;
        public short revents;
    }
}
