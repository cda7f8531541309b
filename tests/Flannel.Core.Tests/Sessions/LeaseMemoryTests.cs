using System.Net;
using Flannel.Core.Sessions;
using Flannel.Core.Tests.Interop;
using Flannel.Lab.Fuzzing;
using Flannel.Lab.Logging;
using Flannel.Testing;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Core.Tests.Sessions;

/// <summary>A host whose address changed while its node was down.</summary>
public sealed class LeaseMemoryTests : IDisposable
{
    private static readonly Lease Lease = new()
    {
        Key = SubnetKey.Parse("10.5.7.0-24&fd00:5::-64"),
        CreateRevision = 12,
        ModRevision = 15,
        Attributes = new LeaseAttributes { PublicIP = IPAddress.Parse("192.168.0.1"), BackendType = "vxlan", BackendData = """{"VNI":1}""" },
    };

    private readonly string _directory = Directory.CreateTempSubdirectory("lease-memory-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("{\n  \"Lease\": ,\n}", "at line 2, column 12, near")]
    [InlineData("", "it is empty")]
    public void Read_WhatIsNoJson_IsLoggedWithThePlace(string content, string expected)
    {
        File.WriteAllText(Path.Combine(_directory, "lease.json"), content);
        var log = new RecordingLogger<object>();

        Assert.Null(new LeaseMemory(_directory, "", log).Read());

        Assert.Contains(expected, Assert.Single(log.Lines).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Delete_WithoutTheDirectory_HasNothingToDo() =>
        new LeaseMemory(Path.Combine(_directory, "none"), "", NullLogger.Instance).Delete();

    [Theory]
    [InlineData("", "lease.json")]
    [InlineData("../blue", "lease-..%2Fblue.json")]
    public void Read_WhatWasWritten_IsTheLease(string network, string file)
    {
        Memory(network).Write(Lease);

        Lease read = Memory(network).Read()!;

        Assert.Equal([file], Directory.GetFileSystemEntries(_directory).Select(Path.GetFileName));
        Assert.Equal(
            (Lease.Key, Lease.CreateRevision, Lease.ModRevision, Lease.Attributes),
            (read.Key, read.CreateRevision, read.ModRevision, read.Attributes));
        Memory(network).Delete();
        Assert.Null(Memory(network).Read());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"Lease":7,"CreateRevision":1,"Document":{}}""")]
    [InlineData("""{"Lease":"10.5.7.0-24","CreateRevision":"x","Document":{}}""")]
    [InlineData("""{"Lease":"nonsense","CreateRevision":1,"Document":{}}""")]
    [InlineData("""{"Lease":"10.5.7.0-24","CreateRevision":1,"Document":[]}""")]
    [InlineData("""{"Lease":"10.5.7.0-24","CreateRevision":1,"Document":{"PublicIP":"x"}}""")]
    public void Read_Nonsense_IsNothing(string content)
    {
        File.WriteAllText(Path.Combine(_directory, "lease.json"), content);
        Assert.Null(Memory().Read());
    }

    [Fact]
    public void Read_MutatedDocument_IsALeaseOrNothing()
    {
        Memory().Write(Lease);
        string path = Path.Combine(_directory, "lease.json");
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(1000),
            Prop.ForAll(Mutations.Of(File.ReadAllText(path)).ToArbitrary(), bytes =>
        {
            File.WriteAllBytes(path, bytes);
            Lease? read = Memory().Read();
            Assert.True(read is null || read.Key.ToString().Length > 0);
        }));
    }

    [Fact]
    public async Task ReadAndWrite_PipeInItsPlace_DoNotHang()
    {
        string path = Path.Combine(_directory, "lease.json");
        Assert.Equal(0, Libc.mkfifo(path, 0b110_000_000));

        await Task.Run(() => Assert.Null(Memory().Read())).WaitAsync(TimeSpan.FromSeconds(20));
        await Task.Run(() => Memory().Write(Lease)).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal([path], Directory.GetFileSystemEntries(_directory));
    }

    /// <summary>A host made from this one's image must not believe that it wrote the lease.</summary>
    [Theory]
    [InlineData("0f1e2d3c-0000-4000-8000-000000000001\n", "0f1e2d3c-0000-4000-8000-000000000001\n", 15)]
    [InlineData("0f1e2d3c-0000-4000-8000-000000000001\n", "0f1e2d3c-0000-4000-8000-000000000002\n", 0)]
    [InlineData("0f1e2d3c-0000-4000-8000-000000000001\n", null, 0)]
    [InlineData(null, "0f1e2d3c-0000-4000-8000-000000000001\n", 0)]
    [InlineData(null, null, 0)]
    [InlineData("nonsense\"", "nonsense\"", 0)]
    public void Read_LastWrite_IsOfThisBootOnly(string? before, string? now, long expected)
    {
        new LeaseMemory(_directory, "", NullLogger.Instance, BootFile(before)).Write(Lease);

        Lease read = new LeaseMemory(_directory, "", NullLogger.Instance, BootFile(now)).Read()!;

        Assert.Equal((Lease.Key, Lease.CreateRevision, expected), (read.Key, read.CreateRevision, read.ModRevision));

        string BootFile(string? content)
        {
            string path = Path.Combine(_directory, content is null ? "none" : "boot");
            if (content is not null) File.WriteAllText(path, content);
            return path;
        }
    }

    [Fact]
    public void Write_DirectoryIsMissing_IsNotCreated()
    {
        string missing = Path.Combine(_directory, "missing");
        new LeaseMemory(missing, "", NullLogger.Instance).Write(Lease);
        Assert.False(Directory.Exists(missing));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_WithAnotherAddress_KeepsTheSubnetIfItIsRemembered(bool remembers)
    {
        await using var cluster = Cluster(remembers);
        await cluster.StartAsync();
        ClusterNode node = cluster.Nodes[0];
        SubnetKey subnet = node.Node.Lease.Key;
        await node.CrashAsync();
        node.Move(IPAddress.Parse("192.168.100.77"));

        await cluster.StartAsync();

        Assert.Equal(remembers, subnet == node.Node.Lease.Key);
        Assert.Equal("192.168.100.77", node.Node.Lease.Attributes.PublicIP!.ToString());
    }

    [Fact]
    public async Task Start_FormerAddressHasALiveHost_LeavesItTheSubnet()
    {
        await using var cluster = Cluster(remembers: true);
        await cluster.StartAsync();
        (ClusterNode node, ClusterNode other) = (cluster.Nodes[0], cluster.AddNode());
        SubnetKey subnet = node.Node.Lease.Key;
        await node.CrashAsync();
        string state = File.ReadAllText(Path.Combine(_directory, "lease.json"));
        other.Move(node.Host.External.PublicIP!);
        await other.StartAsync();
        await cluster.UntilAsync(() => other.Node.Status.IsReady, "the other host to have the address");
        Assert.Equal(subnet, other.Node.Lease.Key);
        File.WriteAllText(Path.Combine(_directory, "lease.json"), state);
        node.Move(IPAddress.Parse("192.168.100.77"));

        await node.StartAsync();
        await cluster.UntilAsync(() => node.Node.Status.IsReady, "the node to be ready");

        Assert.NotEqual(subnet, node.Node.Lease.Key);
        Assert.Equal((true, subnet), (other.Node.Status.IsReady, other.Node.Lease.Key));
    }

    [Fact]
    public async Task Start_FormerAddressWasTakenOverByFlannel_LeavesItTheSubnet()
    {
        await using var cluster = Cluster(remembers: true);
        await cluster.StartAsync();
        ClusterNode node = cluster.Nodes[0];
        Lease former = node.Node.Lease;
        await node.CrashAsync();
        cluster.Store.Put(former.Key, former.Attributes with { BackendData = """{"VNI":1,"VtepMAC":"02:00:00:00:00:99"}""" }, TimeSpan.FromDays(1));
        node.Move(IPAddress.Parse("192.168.100.77"));

        await cluster.StartAsync();

        Assert.NotEqual(former.Key, node.Node.Lease.Key);
    }

    [Fact]
    public async Task Start_NewAddressHadAnotherHost_ItsOldLeaseGoes()
    {
        await using var cluster = Cluster(remembers: true);
        LeaseAttributes gone = new() { PublicIP = IPAddress.Parse("192.168.100.77"), BackendType = "vxlan", BackendData = """{"VNI":1}""" };
        cluster.Store.Put(SubnetKey.Parse("10.5.250.0-24"), gone, TimeSpan.FromDays(1));
        await cluster.StartAsync();
        ClusterNode node = cluster.Nodes[0];
        SubnetKey subnet = node.Node.Lease.Key;
        await node.CrashAsync();
        node.Move(gone.PublicIP);

        await cluster.StartAsync();

        Assert.Equal(subnet, node.Node.Lease.Key);
        Assert.Equal(subnet.ToString(), Assert.Single((await cluster.Store.ListAsync(null, default)).Entries).Key);
    }

    private FlannelCluster Cluster(bool remembers) => new(new FlannelClusterOptions
    {
        Nodes = 1,
        ConfigureNodes = options => options.StateDirectory = remembers ? _directory : null,
    });

    private LeaseMemory Memory(string network = "") => new(_directory, network, NullLogger.Instance);
}
