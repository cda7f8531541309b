using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.InteropServices;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;
using Flannel.Netlink.Tests.Kernel;

namespace Flannel.Netlink.Tests;

public class NetlinkSocketTests
{
    private const int Loopback = 1;

    [SkippableFact]
    public void Open_Defaults_IsBoundStrictAndHasABigBuffer() => IsolatedNamespace.Run(() =>
    {
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkProtocol.Route);

        Assert.NotEqual(0u, socket.PortId);
        Assert.True(socket.IsStrict);
        Assert.True(socket.ReceiveBufferSize > 64 * 1024);
    });

    [Fact]
    public void Open_UnknownFamily_ThrowsNamingIt()
    {
        NetlinkException error = Assert.Throws<NetlinkException>(() => NetlinkSocket.Open((NetlinkProtocol)200));

        Assert.Equal("open a netlink socket of family 200: EPROTONOSUPPORT", error.Message);
        Assert.True(error.IsNotSupported);
    }

    [Fact]
    public void Open_UnknownGroup_ThrowsNamingIt()
    {
        NetlinkException error = Assert.Throws<NetlinkException>(
            () => NetlinkSocket.Open(NetlinkProtocol.Route, new NetlinkSocketOptions { Groups = [4711] }));

        Assert.Equal("join netlink multicast group 4711: EINVAL", error.Message);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(-1, 1)]
    public void Open_NonsensicalOptions_Throws(int seconds, int bufferSize) => Assert.Throws<ArgumentOutOfRangeException>(
        () => NetlinkSocket.Open(
            NetlinkProtocol.Route, new NetlinkSocketOptions { ReceiveTimeout = TimeSpan.FromSeconds(seconds), ReceiveBufferSize = bufferSize }));

    [Fact]
    public void Execute_NoAnswer_FailsAfterTheTimeout()
    {
        // NETLINK_FIB_LOOKUP ignores requests that are too short, without a word.
        using NetlinkSocket socket = NetlinkSocket.Open(
            (NetlinkProtocol)10, new NetlinkSocketOptions { ReceiveTimeout = TimeSpan.FromMilliseconds(50) });
        byte[] request = Message(1);

        NetlinkException error = Assert.Throws<NetlinkException>(() => socket.Execute(request));

        Assert.Equal("netlink request type 1 (16 bytes): ETIMEDOUT (no answer within 0.05 s)", error.Message);
        Assert.True(error.IsTransient);
    }

    [SkippableFact]
    public void Execute_AnswersOfOtherRequestsAndOtherSenders_AreNotTaken() => IsolatedNamespace.Run(() =>
    {
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkProtocol.Route);
        using NetlinkSocket forger = NetlinkSocket.Open(NetlinkProtocol.Route);

        // A refusal of the request about to be sent, were it not for its sender; and a true refusal of another request.
        SendTo(forger, socket.PortId, Error(sequence: 1, socket.PortId, errno: -1));
        SendTo(socket, 0, Message(LinuxRtnetlink.RTM_DELLINK, sequence: 77, payload: 16));

        byte[] request = FindLoopback();
        string? name = socket.Query(request, (NetlinkMessage message, [MaybeNullWhen(false)] out string item) => ReadName(message, out item));

        Assert.Equal("lo", name);
    });

    [SkippableFact]
    public void Dump_TableChangesMeanwhile_StartsAgainAndGivesEveryEntryOnce() => WithManyAddresses((socket, changer, count) =>
    {
        int attempts = 0;
        List<string> addresses = socket.Dump(AddressDump(), (NetlinkMessage message, [MaybeNullWhen(false)] out string item) =>
        {
            bool read = ReadAddress(message, out item);
            if (item == "10.0.0.0" && attempts++ < 3)
                Change(changer, attempts); // behind what is queued already, so the kernel sees it when it goes on
            return read;
        });

        Assert.Equal(4, attempts);
        Assert.Equal(count, addresses.Count(address => address.StartsWith("10.0.", StringComparison.Ordinal)));
        Assert.Equal(addresses.Count, addresses.Distinct().Count());
        Assert.Contains("10.9.0.3", addresses);
    });

    [SkippableFact]
    public void Dump_TableNeverStandsStill_GivesUpTypedAndStaysUsable() => WithManyAddresses((socket, changer, count) =>
    {
        int attempts = 0;
        bool ReadAndChange(NetlinkMessage message, [MaybeNullWhen(false)] out string item)
        {
            bool read = ReadAddress(message, out item);
            if (item == "10.0.0.0")
                Change(changer, ++attempts);
            return read;
        }

        NetlinkException error = Assert.Throws<NetlinkException>(() => socket.Dump<string>(AddressDump(), ReadAndChange));

        Assert.Equal(20, attempts);
        Assert.Equal(("EINTR", true), (error.ErrorName, error.IsTransient));
        Assert.Contains("20 dumps in a row were interrupted", error.Message, StringComparison.Ordinal);
        Assert.True(socket.Dump<string>(AddressDump(), ReadAddress).Count > count);
    });

    [SkippableFact]
    public void Dump_LeftUnfinished_DoesNotDisturbTheNextRequests() => Lab.Run(lab =>
    {
        const int Count = 200_000; // more than the repeated tries of a dump would read of the unfinished one
        var batch = new RouteBatch();
        for (int i = 0; i < Count; i++)
            batch.AddRoute(new RouteEntry { Destination = Lab.Subnet(i), Type = RouteType.Blackhole });
        Assert.Empty(lab.Netlink.Execute(batch));
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkProtocol.Route);

        Assert.Throws<FormatException>(() => socket.Dump<RouteEntry>(BlackholeDump(), Refuse));
        Assert.Equal(Count, socket.Dump<RouteEntry>(BlackholeDump(), RouteCodec.TryRead).Count);

        Assert.Throws<FormatException>(() => socket.Dump<RouteEntry>(BlackholeDump(), Refuse));
        byte[] request = FindLoopback();
        Assert.Equal("lo", socket.Query<string>(request, ReadName));
    });

    [Theory]
    [InlineData("")]
    [InlineData("0f000000100000000000000000000000")]
    [InlineData("11000000100000000000000000000000")]
    [InlineData("120000001000000000000000000000000000")]
    public void ExecuteBatch_MalformedMessages_ThrowsBeforeSending(string hex)
    {
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkProtocol.Route);
        byte[] messages = Convert.FromHexString(hex);
        if (messages.Length == 0)
            Assert.Empty(socket.ExecuteBatch(messages));
        else
            Assert.Throws<ArgumentException>(() => socket.ExecuteBatch(messages));
    }

    private static void WithManyAddresses(Action<NetlinkSocket, RouteNetlink, int> body) => IsolatedNamespace.Run(() =>
    {
        const int Count = 3000; // some ten datagrams
        using RouteNetlink netlink = RouteNetlink.Open();
        var batch = new RouteBatch();
        for (int i = 0; i < Count; i++)
            batch.ReplaceAddress(Address(new IPAddress([10, 0, (byte)(i >> 8), (byte)i])));
        Assert.Empty(netlink.Execute(batch));
        using NetlinkSocket socket = NetlinkSocket.Open(NetlinkProtocol.Route);
        body(socket, netlink, Count);
    });

    private static void Change(RouteNetlink netlink, int n) => netlink.AddAddress(Address(new IPAddress([10, 9, 0, (byte)n])));

    private static InterfaceAddress Address(IPAddress address) => new() { LinkIndex = Loopback, Address = address, PrefixLength = 32 };

    private static byte[] AddressDump()
    {
        var buffer = new byte[64];
        return buffer[..AddressCodec.WriteDumpRequest(buffer, Libc.AF_INET, 0)];
    }

    private static bool Refuse(NetlinkMessage message, out RouteEntry item) => throw new FormatException();

    private static byte[] BlackholeDump()
    {
        var buffer = new byte[64];
        return buffer[..RouteCodec.WriteDumpRequest(buffer, Libc.AF_INET, new RouteFilter { Type = RouteType.Blackhole })];
    }

    private static bool ReadAddress(NetlinkMessage message, out string item)
    {
        AddressCodec.TryRead(message, out InterfaceAddress? address);
        item = address!.Address.ToString();
        return true;
    }

    private static byte[] FindLoopback()
    {
        var buffer = new byte[64];
        return buffer[..LinkCodec.WriteFind(buffer, Loopback)];
    }

    private static bool ReadName(NetlinkMessage message, out string name)
    {
        LinkCodec.TryRead(message, out Link? link);
        name = link!.Name;
        return true;
    }

    private static byte[] Message(ushort type, uint sequence = 0, int payload = 0)
    {
        var message = new byte[LinuxNetlink.NLMSG_HDRLEN + payload];
        MemoryMarshal.Write(message, new nlmsghdr { nlmsg_len = (uint)message.Length, nlmsg_type = type, nlmsg_flags = 5, nlmsg_seq = sequence });
        return message;
    }

    private static byte[] Error(uint sequence, uint portId, int errno)
    {
        byte[] message = Message(LinuxNetlink.NLMSG_ERROR, sequence, payload: 20);
        MemoryMarshal.Write(message.AsSpan(12), in portId);
        MemoryMarshal.Write(message.AsSpan(16), in errno);
        return message;
    }

    private static unsafe void SendTo(NetlinkSocket socket, uint portId, byte[] message)
    {
        var address = new sockaddr_nl { nl_family = Libc.AF_NETLINK, nl_pid = portId };
        fixed (byte* bytes = message)
            Assert.Equal(message.Length, Libc.sendto(socket.Handle, bytes, (nuint)message.Length, 0, &address, (uint)sizeof(sockaddr_nl)));
    }
}
