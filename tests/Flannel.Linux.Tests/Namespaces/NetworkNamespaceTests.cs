using System.Diagnostics;
using Flannel.Extensibility;
using Flannel.Lab.Files;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Linux.Tests.Namespaces;

public sealed class NetworkNamespaceTests : IDisposable
{
    private readonly string _name = $"flannel-test-{Environment.ProcessId}-{Guid.NewGuid():N}";

    public void Dispose()
    {
        if (NetworkNamespace.List().Contains(_name))
            NetworkNamespace.Delete(_name);
    }

    [NetnsFact]
    public void Create_NewName_IsSeenByIpNetns()
    {
        using NetworkNamespace created = NetworkNamespace.Create(_name);

        Assert.Equal(_name, created.Name);
        Assert.Equal("/run/netns/" + _name, created.Path);
        Assert.Contains(_name, NetworkNamespace.List());
        Assert.Contains(_name, Ip("netns", "list"));
        Assert.Contains("lo:", Ip("-n", _name, "link", "show"));
    }

    [NetnsFact]
    public void Open_MadeByIpNetns_IsTheSameNamespace()
    {
        Ip("netns", "add", _name);
        Ip("-n", _name, "link", "add", "made-by-ip", "type", "bridge");

        using NetworkNamespace opened = NetworkNamespace.Open(_name);
        using RouteNetlink netlink = opened.Run(() => RouteNetlink.Open());

        Assert.NotNull(netlink.FindLink("made-by-ip"));
    }

    [NetnsFact]
    public void OpenRouteNetlink_OfANamespace_StaysThereWhoeverUsesIt()
    {
        Ip("netns", "add", _name);
        Ip("-n", _name, "link", "add", "made-by-ip", "type", "bridge");

        using RouteNetlink there = NetworkNamespace.OpenRouteNetlink(_name);
        using RouteNetlink here = NetworkNamespace.OpenRouteNetlink(null);

        Assert.NotNull(there.FindLink("made-by-ip"));
        Assert.Null(here.FindLink("made-by-ip"));
        Assert.Throws<NetworkNamespaceException>(() => NetworkNamespace.OpenRouteNetlink(_name + "x"));
    }

    [NetnsFact]
    public void Open_Path_IsTheSameNamespace()
    {
        using NetworkNamespace created = NetworkNamespace.Create(_name);
        using NetworkNamespace byPath = NetworkNamespace.Open($"/run/netns/../netns/{_name}");
        using NetworkNamespace own = NetworkNamespace.Open("/proc/self/ns/net");

        Assert.Equal(created.Run(CurrentNamespace), byPath.Run(CurrentNamespace));
        Assert.Equal(_name, byPath.Name);
        Assert.Null(own.Name);
        Assert.Equal(CurrentNamespace(), own.Run(CurrentNamespace));
    }

    [NetnsFact]
    public void Create_NameTaken_SaysSo()
    {
        NetworkNamespace.Create(_name).Dispose();

        var exception = Assert.Throws<NetworkNamespaceException>(() => NetworkNamespace.Create(_name));

        Assert.Equal(_name, exception.NetworkNamespace);
        Assert.Contains("exists already", exception.Message);
        Assert.Contains(_name, NetworkNamespace.List());
    }

    [Fact]
    public async Task Open_Pipe_IsATypedErrorAndNotWaitedFor()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        string path = NamedPipe.Make(Path.Combine(folder, "netns"));

        NetworkNamespaceException error = await Assert.ThrowsAsync<NetworkNamespaceException>(
            () => Task.Run(() => NetworkNamespace.Open(path).Dispose()).WaitAsync(TimeSpan.FromSeconds(30)));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [NetnsFact]
    public void Open_UnknownName_ListsTheExistingOnes()
    {
        NetworkNamespace.Create(_name).Dispose();

        var exception = Assert.Throws<NetworkNamespaceException>(() => NetworkNamespace.Open("does-not-exist"));

        Assert.Contains("'does-not-exist' does not exist (/run/netns/does-not-exist)", exception.Message);
        if (NetworkNamespace.List().Count <= 20)
            Assert.Contains(_name, exception.Message);
    }

    [NetnsFact]
    public void Open_UnmountedRemains_SaysWhatItFound()
    {
        NetworkNamespace.Create(_name).Dispose();
        NetworkNamespace.Delete(_name);
        File.WriteAllText("/run/netns/" + _name, "");

        var exception = Assert.Throws<NetworkNamespaceException>(() => NetworkNamespace.Open(_name));
        Assert.Contains("is not a network namespace", exception.Message);

        NetworkNamespace.Delete(_name);
        Assert.DoesNotContain(_name, NetworkNamespace.List());
    }

    [NetnsFact]
    public void Open_AnotherKindOfNamespace_IsRefused() =>
        Assert.Contains(
            "is not a network namespace", Assert.Throws<NetworkNamespaceException>(() => NetworkNamespace.Open("/proc/self/ns/mnt")).Message);

    [NetnsFact]
    public void Delete_UnknownName_IsTyped() => Assert.Throws<NetworkNamespaceException>(() => NetworkNamespace.Delete("does-not-exist"));

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a\0b")]
    public void Open_NoFileName_IsTyped(string name) => Assert.Throws<NetworkNamespaceException>(() => NetworkNamespace.Open(name));

    [Theory]
    [InlineData("a/b")]
    [InlineData("../x")]
    public void Create_NameWithSlash_IsTyped(string name) => Assert.Throws<NetworkNamespaceException>(() => NetworkNamespace.Create(name));

    [NetnsFact]
    public void Delete_WithOpenHandle_LeavesTheNamespaceUsable()
    {
        using NetworkNamespace created = NetworkNamespace.Create(_name);
        NetworkNamespace.Delete(_name);

        using RouteNetlink netlink = created.Run(() => RouteNetlink.Open());

        Assert.Equal("lo", Assert.Single(netlink.GetLinks()).Name);
        Assert.DoesNotContain(_name, NetworkNamespace.List());
    }

    [NetnsFact]
    public void CreateAnonymous_TwoOfThem_AreSeparateAndUnnamed()
    {
        IReadOnlyList<string> before = NetworkNamespace.List();
        using NetworkNamespace first = NetworkNamespace.CreateAnonymous();
        using NetworkNamespace second = NetworkNamespace.CreateAnonymous();

        Assert.NotEqual(first.Run(CurrentNamespace), second.Run(CurrentNamespace));
        Assert.NotEqual(CurrentNamespace(), first.Run(CurrentNamespace));
        Assert.Null(first.Name);
        Assert.DoesNotContain(NetworkNamespace.List().Except(before), name => !name.StartsWith("fl", StringComparison.Ordinal));
    }

    [NetnsFact]
    public void Run_SocketOpenedInside_BelongsToTheNamespaceForLife()
    {
        using NetworkNamespace inside = NetworkNamespace.CreateAnonymous();
        using RouteNetlink netlink = inside.Run(() => RouteNetlink.Open());

        netlink.CreateLink(new BridgeLinkSpec("inside0"));

        using RouteNetlink outside = RouteNetlink.Open();
        Assert.NotNull(netlink.FindLink("inside0"));
        Assert.Null(outside.FindLink("inside0"));
    }

    // A thread that listens from inside would start threads of the pool inside, whenever it hands on what it heard.
    [NetnsFact]
    public async Task Run_MonitorOpenedInside_HearsTheNamespaceWithAThreadOutside()
    {
        using NetworkNamespace inside = NetworkNamespace.CreateAnonymous();
        using RouteNetlink netlink = inside.Run(() => RouteNetlink.Open());
        using RouteMonitor monitor = inside.Run(() => RouteMonitor.Open());
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        netlink.CreateLink(new BridgeLinkSpec("heard0"));

        await foreach (RouteNotification notification in monitor.WatchAsync(deadline.Token))
        {
            if (notification is LinkChanged { Link.Name: "heard0" })
                break;
        }

        string?[] namespaces = [.. Directory.EnumerateDirectories("/proc/self/task").Select(NamespaceOfMonitor).Where(found => found is not null)];
        Assert.NotEmpty(namespaces);
        Assert.All(namespaces, found => Assert.Equal(CurrentNamespace(), found));
    }

    // Null for any other thread, and for one that ends while it is looked at: other tests have monitors, too.
    private static string? NamespaceOfMonitor(string task)
    {
        try
        {
            return File.ReadAllText(task + "/comm").StartsWith("rtnetlink", StringComparison.Ordinal)
                ? new FileInfo(task + "/ns/net").LinkTarget
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    [NetnsFact]
    public void Run_FunctionThrows_ExceptionComesBackWithItsStack()
    {
        using NetworkNamespace inside = NetworkNamespace.CreateAnonymous();

        var exception = Assert.Throws<InvalidTimeZoneException>(() => inside.Run(ThrowForTheStack));

        Assert.Contains(nameof(ThrowForTheStack), exception.StackTrace);
    }

    [NetnsFact]
    public void Run_FunctionReturnsTask_IsRefused()
    {
        using NetworkNamespace inside = NetworkNamespace.CreateAnonymous();

        Exception? exception = Record.Exception(() => { _ = inside.Run(() => Task.FromResult(1)); });

        Assert.IsType<ArgumentException>(exception);
    }

    [NetnsFact]
    public void Run_Disposed_Throws()
    {
        NetworkNamespace inside = NetworkNamespace.CreateAnonymous();
        inside.Dispose();

        Assert.Throws<ObjectDisposedException>(() => inside.Run(() => 1));
    }

    [NetnsFact]
    public void RunByName_Null_RunsOnTheCallingThread() =>
        Assert.Equal(Environment.CurrentManagedThreadId, NetworkNamespace.Run(null, () => Environment.CurrentManagedThreadId));

    [NetnsFact]
    public void RunByName_Name_RunsInside()
    {
        using NetworkNamespace created = NetworkNamespace.Create(_name);
        string? seen = null;

        NetworkNamespace.Run(_name, () => { seen = CurrentNamespace(); });

        Assert.NotEqual(CurrentNamespace(), seen);
        Assert.Equal(created.Run(CurrentNamespace), seen);
    }

    [NetnsFact]
    public async Task Create_SameNameFromManyThreads_ExactlyOneWins()
    {
        Task<NetworkNamespace>[] attempts = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(() => NetworkNamespace.Create(_name)))];
        await Task.WhenAll(attempts.Select(attempt => attempt.ContinueWith(_ => { }, TaskScheduler.Default)));

        NetworkNamespace winner = Assert.Single(attempts, attempt => attempt.IsCompletedSuccessfully).Result;
        winner.Dispose();
        Assert.All(
            attempts.Where(attempt => attempt.IsFaulted), attempt => Assert.IsType<NetworkNamespaceException>(attempt.Exception!.InnerException));
        NetworkNamespace.Open(_name).Dispose();
    }

    [NetnsFact]
    public void Create_WithoutCapability_NamesIt() => Privileges.RunWithout(Privileges.SysAdmin, () =>
    {
        Assert.Equal("CAP_SYS_ADMIN", Assert.Throws<MissingCapabilityException>(() => NetworkNamespace.Create(_name)).Capability);
        Assert.Equal("CAP_SYS_ADMIN", Assert.Throws<MissingCapabilityException>(() => NetworkNamespace.CreateAnonymous()).Capability);
        Assert.DoesNotContain(_name, NetworkNamespace.List());
    });

    [NetnsFact]
    public void RunAndDelete_WithoutCapability_NameIt()
    {
        using NetworkNamespace created = NetworkNamespace.Create(_name);

        Privileges.RunWithout(Privileges.SysAdmin, () =>
        {
            var exception = Assert.Throws<MissingCapabilityException>(() => created.Run(() => 1));
            Assert.Equal("CAP_SYS_ADMIN", exception.Capability);
            Assert.Contains(_name, exception.Operation);
            Assert.Equal("CAP_SYS_ADMIN", Assert.Throws<MissingCapabilityException>(() => NetworkNamespace.Delete(_name)).Capability);
            Assert.Contains(_name, NetworkNamespace.List());
        });
    }

    internal static string CurrentNamespace() => new FileInfo("/proc/thread-self/ns/net").LinkTarget!;

    private static int ThrowForTheStack() => throw new InvalidTimeZoneException();

    private static string Ip(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, process.StandardError.ReadToEnd());
        return output;
    }
}
