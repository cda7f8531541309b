using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Netlink.Tests.Messages;

public class NetlinkMessageReaderTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("10000000" + "03000200" + "07000000" + "09000000", "3:2:7:9:")]
    [InlineData(
        "12000000" + "14000000" + "01000000" + "00000000" + "abcd0000" + "10000000" + "03000000" + "01000000" + "00000000",
        "20:0:1:0:abcd 3:0:1:0:")]
    [InlineData("11000000" + "14000000" + "01000000" + "00000000" + "ab", "20:0:1:0:ab")] // the padding of the last message may be missing
    public void MoveNext_WellFormed_YieldsEveryMessage(string datagram, string expected)
    {
        (string seen, string? error) = Walk(Convert.FromHexString(datagram));

        Assert.Equal(expected, seen);
        Assert.Null(error);
    }

    [Theory]
    [InlineData("10", "1 trailing bytes are too few for a header")]
    [InlineData("10000000" + "03000200" + "07000000" + "090000", "15 trailing bytes are too few for a header")]
    [InlineData("0f000000" + "03000200" + "07000000" + "09000000", "a message of type 3 claims 15 bytes where 16 are left")]
    [InlineData("00000000" + "03000200" + "07000000" + "09000000", "a message of type 3 claims 0 bytes where 16 are left")]
    [InlineData("11000000" + "03000200" + "07000000" + "09000000", "a message of type 3 claims 17 bytes where 16 are left")]
    [InlineData("ffffffff" + "03000200" + "07000000" + "09000000", "a message of type 3 claims 4294967295 bytes where 16 are left")]
    public void MoveNext_LyingLength_EndsTheWalkWithATypedError(string datagram, string problem)
    {
        (string seen, string? error) = Walk(Convert.FromHexString(datagram));

        Assert.Equal("", seen);
        Assert.Equal($"netlink datagram: EBADMSG ({problem})", error);
    }

    [Fact]
    public void MoveNext_AnyBytes_EndsWithinThemAndThrowsNothingElse() =>
        Prop.ForAll<byte[]>(bytes => Walk(bytes).Seen.Split(' ').Length <= (bytes.Length / LinuxNetlink.NLMSG_HDRLEN) + 1).QuickCheckThrowOnFailure();

    [Fact]
    public void Read_PayloadShorterThanTheHeader_ThrowsTyped()
    {
        NetlinkException error = Assert.Throws<NetlinkException>(() =>
        {
            var messages = new NetlinkMessageReader(Convert.FromHexString("12000000" + "14000000" + "01000000" + "00000000" + "abcd"));
            messages.MoveNext();
            messages.Current.Read<ifaddrmsg>(out _);
        });

        Assert.Equal("EBADMSG", error.ErrorName);
        Assert.Equal("2 bytes of payload where at least 8 are needed", error.KernelMessage);
    }

    private static (string Seen, string? Error) Walk(byte[] datagram)
    {
        var seen = new List<string>();
        var reader = new NetlinkMessageReader(datagram);
        while (reader.MoveNext())
        {
            NetlinkMessage message = reader.Current;
            seen.Add($"{message.Type}:{message.Flags}:{message.Sequence}:{message.PortId}:{Convert.ToHexStringLower(message.Payload)}");
        }

        try
        {
            reader.EnsureValid();
            return (string.Join(' ', seen), null);
        }
        catch (NetlinkException e)
        {
            return (string.Join(' ', seen), e.Message);
        }
    }
}
