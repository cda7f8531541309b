using Flanneld.Hosting;

namespace Flanneld.Tests.Hosting;

public sealed class ProgramPagesTests
{
    private const string Smaps = """
        55d39adbb000-55d39b65c000 r-xp 00022000 fe:00 1234                       /opt/my flanneld
        Size:               8836 kB
        Rss:                8260 kB
        Anonymous:             0 kB
        KSM:                   0 kB
        VmFlags: rd ex mr mw me
        55d39b65c000-55d39baf9000 r--p 008c3000 fe:00 1234                       /opt/my flanneld
        Rss:                4272 kB
        Anonymous:             0 kB
        AnonHugePages:         0 kB
        55d39be6e000-55d39be70000 r--p 010d4000 fe:00 1234                       /opt/my flanneld
        Rss:                   8 kB
        Anonymous:             8 kB
        55d39be70000-55d39beb8000 rw-p 010d6000 fe:00 1234                       /opt/my flanneld
        Anonymous:             0 kB
        7f0000000000-7f0000001000 r-xp 00000000 fe:00 99                         /usr/lib/libc.so.6
        Anonymous:             0 kB
        7f0000002000-7f0000003000 r--s 00000000 fe:00 1234                       /opt/my flanneld
        Anonymous:             0 kB
        7f0000004000-7f0000005000 r--p 00000000 00:00 0
        Anonymous:             0 kB
        7f0000006000-7f0000007000 r-xp 00000000 fe:00 1234                       /opt/my flanneld (deleted)
        Anonymous:             0 kB
        ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
        Anonymous:             0 kB
        """;

    [Fact]
    public void Find_TakesTheProgramsPagesThatNothingWasWrittenTo() => Assert.Equal(
        [(0x55d39adbb000UL, 0x8a1000UL), (0x55d39b65c000UL, 0x49d000UL)],
        ProgramPages.Find(Smaps.Split('\n'), "/opt/my flanneld").Select(static range => ((ulong)range.Start, (ulong)range.Length)));

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("Anonymous: 0 kB")]
    [InlineData("1-2 r-xp 0 0 0 /other")]
    public void Find_NothingOfTheProgram_IsNothing(string smaps) => Assert.Empty(ProgramPages.Find(smaps.Split('\n'), "/opt/flanneld"));

    [Fact]
    public void Release_OfThisProcess_LeavesItRunning()
    {
        ProgramPages.Release();

        Assert.NotEmpty(ProgramPages.Find([.. File.ReadLines("/proc/self/smaps")], Environment.ProcessPath));
    }
}
