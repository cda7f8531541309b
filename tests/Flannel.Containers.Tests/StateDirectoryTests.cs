using System.Runtime.InteropServices;
using Flannel.Containers.Tests.Kernel;

namespace Flannel.Containers.Tests;

/// <summary>A directory of addresses that is full or read-only: a small tmpfs of the test's own, which goes with it.</summary>
public sealed partial class StateDirectoryTests
{
    private const int ReadOnly = 1, Remount = 32, Detach = 2;

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task FullOrReadOnly_IsRefusedInTypedWords_AndLeavesNothing(bool isFull)
    {
        await using var host = new Host();
        Skip.IfNot(mount("tmpfs", host.Folder, "tmpfs", 0, "size=8k") == 0, "mounting needs CAP_SYS_ADMIN");
        try
        {
            Directory.CreateDirectory(host.StateFolder);
            if (isFull) Assert.ThrowsAny<IOException>(() => File.WriteAllBytes(Path.Combine(host.Folder, "filler"), new byte[64 * 1024]));
            else Assert.Equal(0, mount("tmpfs", host.Folder, "tmpfs", ReadOnly | Remount, "size=8k"));

            var refusal = await Assert.ThrowsAsync<ContainerNetworkException>(() => host.Network.AttachAsync(host.NewAttachment("one")));

            Assert.Equal(ContainerNetworkError.StateDirectory, refusal.Error);
            Assert.Equal(5, (int)refusal.Code);
            host.AssertClean();
        }
        finally
        {
            _ = umount2(host.Folder, Detach);
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, ulong flags, string data);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);
}
