using System.Runtime.InteropServices;
using Flannel.Backends.Udp.Interop;

namespace Flannel.Backends.Udp.Tests.Interop;

public sealed class SafeFileDescriptorTests
{
    [Fact]
    public void Open_OfAFileThatIsNotThere_IsInvalid()
    {
        using SafeFileDescriptor none = Libc.open("/dev/null/tun", Libc.O_RDWR, 0);

        Assert.Equal(20, Marshal.GetLastPInvokeError()); // ENOTDIR
        Assert.True(none.IsInvalid);
    }

    [Fact]
    public void Open_OfAFile_IsValid()
    {
        using SafeFileDescriptor some = Libc.open("/dev/null", Libc.O_RDWR, 0);

        Assert.False(some.IsInvalid);
    }
}
