using System.Net;
using System.Net.NetworkInformation;
using Flannel.Netlink.Messages;

namespace Flannel.Netlink.Tests.Messages;

public class NetlinkMessageWriterTests
{
    private delegate void Step(ref NetlinkMessageWriter writer);

    private static readonly Dictionary<string, Step> Steps = new()
    {
        ["nothing"] = (ref writer) => { },
        ["byte"] = (ref writer) => writer.WriteByte(7, 0xAB),
        ["uint16"] = (ref writer) => writer.WriteUInt16(7, 0x1234),
        ["uint16 big-endian"] = (ref writer) => writer.WriteUInt16BigEndian(7, 8472),
        ["uint32"] = (ref writer) => writer.WriteUInt32(7, 0xDEADBEEF),
        ["int32"] = (ref writer) => writer.WriteInt32(7, -1),
        ["flag"] = (ref writer) => writer.WriteFlag(7),
        ["bytes"] = (ref writer) => writer.WriteBytes(7, [1, 2, 3, 4, 5]),
        ["empty string"] = (ref writer) => writer.WriteString(7, ""),
        ["string of 3"] = (ref writer) => writer.WriteString(7, "abc"),
        ["string of 4"] = (ref writer) => writer.WriteString(7, "abcd"),
        ["string beyond ASCII"] = (ref writer) => writer.WriteString(7, "é"),
        ["IPv4"] = (ref writer) => writer.WriteAddress(7, IPAddress.Parse("10.244.2.1")),
        ["IPv6"] = (ref writer) => writer.WriteAddress(7, IPAddress.Parse("fe80::1%5")),
        ["MAC"] = (ref writer) => writer.WritePhysicalAddress(7, PhysicalAddress.Parse("0A-00-00-00-00-01")),
        ["structure of 5"] = (ref writer) => writer.Write(new Five { A = 1, B = 2, C = 3, D = 4, E = 5 }),
        ["two attributes"] = (ref writer) =>
        {
            writer.WriteByte(1, 1);
            writer.WriteByte(2, 2);
        },
        ["nested"] = (ref writer) =>
        {
            NestedStart outer = writer.BeginNested(18);
            writer.WriteString(1, "vx");
            NestedStart inner = writer.BeginNested(2 | 0x8000);
            writer.WriteUInt32(1, 1);
            writer.EndNested(inner);
            writer.EndNested(outer);
            writer.WriteByte(3, 9);
        },
    };

    [Theory]
    [InlineData("nothing", "")]
    [InlineData("byte", "05000700ab000000")]
    [InlineData("uint16", "0600070034120000")]
    [InlineData("uint16 big-endian", "0600070021180000")]
    [InlineData("uint32", "08000700efbeadde")]
    [InlineData("int32", "08000700ffffffff")]
    [InlineData("flag", "04000700")]
    [InlineData("bytes", "090007000102030405000000")]
    [InlineData("empty string", "0500070000000000")]
    [InlineData("string of 3", "0800070061626300")]
    [InlineData("string of 4", "090007006162636400000000")]
    [InlineData("string beyond ASCII", "07000700c3a90000")]
    [InlineData("IPv4", "080007000af40201")]
    [InlineData("IPv6", "14000700fe800000000000000000000000000001")]
    [InlineData("MAC", "0a0007000a00000000010000")]
    [InlineData("structure of 5", "0102030405000000")]
    [InlineData("two attributes", "05000100010000000500020002000000")]
    [InlineData("nested", "180012000700010076780000" + "0c0002800800010001000000" + "0500030009000000")]
    public void Write_Value_GivesTheseBytes(string step, string expected)
    {
        Span<byte> buffer = stackalloc byte[128];
        buffer.Fill(0xEE);
        var writer = new NetlinkMessageWriter(buffer, 16, 0x400);
        Steps[step](ref writer);
        int length = writer.Complete();

        Assert.Equal(16 + (expected.Length / 2), length);
        Assert.Equal($"{length:x2}000000" + "10000104" + "00000000" + "00000000", Convert.ToHexStringLower(buffer[..16]));
        Assert.Equal(expected, Convert.ToHexStringLower(buffer[16..length]));
        Assert.Equal(0xEE, buffer[length]);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(0)]
    public void Constructor_BufferTooSmallForAHeader_Throws(int size) =>
        Assert.Contains(
            $"buffer of {size} bytes",
            Assert.Throws<InvalidOperationException>(() => _ = new NetlinkMessageWriter(new byte[size], 1, 0)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Write_BufferFull_ThrowsAndLeavesWhatIsWritten()
    {
        var buffer = new byte[28];
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() =>
        {
            var writer = new NetlinkMessageWriter(buffer, 1, 0);
            writer.WriteUInt32(1, 1);
            writer.WriteByte(2, 2);
        });

        Assert.Equal("The netlink message does not fit in its buffer of 28 bytes.", error.Message);
    }

    [Fact]
    public void WriteBytes_LongerThanAnAttributeCanBe_Throws()
    {
        var buffer = new byte[100_000];
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() =>
        {
            var writer = new NetlinkMessageWriter(buffer, 1, 0);
            writer.WriteBytes(1, new byte[65532]);
        });

        Assert.Contains("at most 65531 bytes", error.Message, StringComparison.Ordinal);
    }

    private struct Five
    {
        public byte A;
        public byte B;
        public byte C;
        public byte D;
        public byte E;
    }
}
