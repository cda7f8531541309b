using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Netlink.Tests.Messages;

public class NetlinkAttributeReaderTests
{
    private delegate object? Getter(ref NetlinkAttributeReader reader);

    private static readonly Dictionary<string, Getter> Getters = new()
    {
        ["byte"] = (ref reader) => reader.ReadByte(),
        ["bool"] = (ref reader) => reader.ReadBoolean(),
        ["uint16"] = (ref reader) => reader.ReadUInt16(),
        ["uint16be"] = (ref reader) => reader.ReadUInt16BigEndian(),
        ["uint32"] = (ref reader) => reader.ReadUInt32(),
        ["int32"] = (ref reader) => reader.ReadInt32(),
        ["string"] = (ref reader) => reader.ReadString(),
        ["address"] = (ref reader) => reader.ReadAddress().ToString(),
        ["mac"] = (ref reader) => reader.ReadPhysicalAddress().ToString(),
        ["struct"] = (ref reader) => reader.ReadStruct<nlattr>().nla_type,
    };

    [Theory]
    [InlineData("byte", "05000700ab000000", (byte)0xAB)]
    [InlineData("bool", "0500070002000000", true)]
    [InlineData("uint16", "0600070034120000", (ushort)0x1234)]
    [InlineData("uint16be", "0600070021180000", (ushort)8472)]
    [InlineData("uint32", "08000700efbeadde", 0xDEADBEEFu)]
    [InlineData("int32", "08000700ffffffff", -1)]
    [InlineData("string", "0800070061626300", "abc")]
    [InlineData("string", "0700070061626300", "abc")] // unterminated
    [InlineData("string", "0800070061006300", "a")]
    [InlineData("string", "04000700", "")]
    [InlineData("string", "05000700ff000000", "�")]
    [InlineData("address", "080007000af40201", "10.244.2.1")]
    [InlineData("address", "14000700fe800000000000000000000000000001", "fe80::1")]
    [InlineData("mac", "0a0007000a00000000010000", "0A0000000001")]
    [InlineData("mac", "04000700", "")]
    [InlineData("struct", "0a000700010002000300", (ushort)2)]
    public void Read_RightLength_GivesTheValue(string getter, string bytes, object expected)
    {
        var reader = new NetlinkAttributeReader(Convert.FromHexString(bytes));

        Assert.True(reader.MoveNext());
        Assert.Equal(7, reader.Type);
        Assert.Equal(expected, Getters[getter](ref reader));
        Assert.Null(reader.Error);
        Assert.False(reader.MoveNext());
        reader.EnsureValid();
    }

    [Theory]
    [InlineData("byte", "0600070034120000", "2 bytes where 1 are needed")]
    [InlineData("bool", "04000700", "0 bytes where 1 are needed")]
    [InlineData("uint16", "05000700ab000000", "1 bytes where 2 are needed")]
    [InlineData("uint16be", "08000700efbeadde", "4 bytes where 2 are needed")]
    [InlineData("uint32", "0600070034120000", "2 bytes where 4 are needed")]
    [InlineData("int32", "0c0007000000000000000000", "8 bytes where 4 are needed")]
    [InlineData("address", "090007000af4020100000000", "5 bytes where an address of 4 or 16 is needed")]
    [InlineData("struct", "0700070001020300", "3 bytes where 4 are needed")]
    public void Read_WrongLength_IsRememberedAndEndsTheWalk(string getter, string bytes, string problem)
    {
        var reader = new NetlinkAttributeReader([.. Convert.FromHexString(bytes), .. Convert.FromHexString("0800010001000000")]);
        Assert.True(reader.MoveNext());
        Getters[getter](ref reader);

        Assert.Equal($"attribute 7 holds {problem}", reader.Error);
        Assert.False(reader.MoveNext());
        string? message = null;
        try
        {
            reader.EnsureValid();
        }
        catch (NetlinkException e)
        {
            message = e.Message;
        }

        Assert.Equal($"netlink attributes: EBADMSG (attribute 7 holds {problem})", message);
    }

    [Fact]
    public void Error_FirstOne_Sticks()
    {
        var reader = new NetlinkAttributeReader(Convert.FromHexString("05000700ab000000"));
        reader.MoveNext();
        reader.ReadUInt16();
        reader.ReadUInt32();

        Assert.Equal("attribute 7 holds 1 bytes where 2 are needed", reader.Error);
    }

    [Theory]
    [InlineData("03000700", "attribute 7 claims 3 bytes where 4 are left")]
    [InlineData("00000700", "attribute 7 claims 0 bytes where 4 are left")]
    [InlineData("08000700010000", "attribute 7 claims 8 bytes where 7 are left")]
    [InlineData("ffff078000000000", "attribute 7 claims 65535 bytes where 8 are left")]
    public void MoveNext_LyingLength_EndsTheWalk(string bytes, string error)
    {
        var reader = new NetlinkAttributeReader(Convert.FromHexString(bytes));

        Assert.False(reader.MoveNext());
        Assert.Equal(error, reader.Error);
    }

    [Fact]
    public void MoveNext_NestedFlag_IsNotPartOfTheType()
    {
        var reader = new NetlinkAttributeReader(Convert.FromHexString("0c00128008000100" + "2a000000"));
        Assert.True(reader.MoveNext());
        NetlinkAttributeReader inner = reader.ReadNested();

        Assert.Equal(18, reader.Type);
        Assert.True(inner.MoveNext());
        Assert.Equal((1, 42), (inner.Type, inner.ReadInt32()));
    }

    [Fact]
    public void Walk_AnyBytes_EndsWithinThemAndThrowsNothing() => Prop.ForAll<byte[]>(bytes =>
    {
        int count = 0;
        var reader = new NetlinkAttributeReader(bytes);
        while (reader.MoveNext())
        {
            count++;
            foreach (Getter getter in Getters.Values)
            {
                NetlinkAttributeReader copy = reader; // so that no error ends the walk early
                getter(ref copy);
            }
        }

        return count <= bytes.Length / LinuxNetlink.NLA_HDRLEN;
    }).QuickCheckThrowOnFailure();
}
