using System.Buffers.Binary;
using Flannel.Netlink.Messages;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;
using Flannel.Netlink.Tests.Netfilter;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Netlink.Tests.Golden;

/// <summary>Real answers, damaged: every reader either understands them or throws the typed error, and always comes back.</summary>
public class HostileInputTests
{
    private static readonly byte[][] Captured = [.. GoldenFile.Load("kernel-answers").Values, .. GoldenFile.Load("nft-answers").Values];

    private delegate void Reader(NetlinkMessage message);

    private static readonly Reader[] Readers =
    [
        message => LinkCodec.TryRead(message, out _),
        message => AddressCodec.TryRead(message, out _),
        message => RouteCodec.TryRead(message, out _),
        message => NexthopCodec.TryRead(message, out _),
        message => NeighbourCodec.TryRead(message, out _),
        message => FdbCodec.TryRead(message, out _),
        message => NftMessage.TryReadGeneration(message, out _),
        message => TableCodec.TryReadTable(message, out _),
        message => TableCodec.TryReadChain(message, out _),
        message => TableCodec.TryReadCounter(message, out _),
        message => SetCodec.TryRead(message, out _),
        message => RuleCodec.TryRead(message, out _),
        ReadElements,
        message => KernelError.Read(message),
        message => KernelError.ReadDone(message),
    ];

    [Fact]
    public void Readers_DamagedAnswers_ThrowNothingButTheTypedError() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000),
        Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            byte[] frame = Damage([.. Captured[random.Next(Captured.Length)]], random);
            foreach (Reader reader in Readers)
                ReadAll(frame, reader);
        }));

    [Fact]
    public void Readers_RandomBytes_ThrowNothingButTheTypedError() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000),
        Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            var frame = new byte[random.Next(16, 400)];
            random.NextBytes(frame);
            BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length); // else the header already refuses it
            foreach (Reader reader in Readers)
                ReadAll(frame, reader);
        }));

    [Fact]
    public void Readers_EveryTruncation_ThrowNothingButTheTypedError()
    {
        foreach (byte[] answer in Captured)
        {
            for (int length = 16; length < Math.Min(answer.Length, 700); length++)
            {
                byte[] frame = answer[..length];
                if (BinaryPrimitives.ReadInt32LittleEndian(frame) > length)
                    BinaryPrimitives.WriteInt32LittleEndian(frame, length);
                foreach (Reader reader in Readers)
                    ReadAll(frame, reader);
            }
        }
    }

    [Fact]
    public void Formatter_AnyRequest_GivesText() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            var formatter = new RouteRequestFormatter(_ => null);
            byte[] frame = Damage(Route.Requests.Encode(Route.Requests.Names.ElementAt(random.Next(Route.Requests.Names.Count()))), random);
            byte[] nftFrame = Damage(NftRequests.Encode(NftRequests.Names.ElementAt(random.Next(NftRequests.Names.Count()))), random);
            try
            {
                Assert.NotEmpty(formatter.Format(frame));
                Assert.NotEmpty(NftRequestFormatter.Format(nftFrame, random.Next(nftFrame.Length + 10)));
            }
            catch (NetlinkException e)
            {
                Assert.Equal("EBADMSG", e.ErrorName);
            }
        }));

    private static void ReadElements(NetlinkMessage message)
    {
        ElementCodec.TryRead(message, out List<(NftElement Element, bool IsEnd)> elements);
        foreach (bool isInterval in new[] { false, true })
            ElementCodec.Assemble(new NftSet(NftFamily.Inet, "", "") { Key = [NftDataType.IPv4Address], IsInterval = isInterval }, elements);
    }

    private static void ReadAll(byte[] datagram, Reader reader)
    {
        try
        {
            var messages = new NetlinkMessageReader(datagram);
            while (messages.MoveNext())
                reader(messages.Current);
            messages.EnsureValid();
        }
        catch (NetlinkException e)
        {
            Assert.Equal("EBADMSG", e.ErrorName);
        }
    }

    /// <summary>Overwrites some bytes, preferring values that make lengths lie, and sometimes cuts the end off.</summary>
    private static byte[] Damage(byte[] frame, Random random)
    {
        byte[] values = [0, 1, 3, 4, 5, 127, 128, 255, (byte)random.Next(256)];
        for (int i = random.Next(1, 8); i > 0; i--)
            frame[random.Next(frame.Length)] = values[random.Next(values.Length)];
        return random.Next(4) == 0 ? frame[..random.Next(frame.Length)] : frame;
    }
}
