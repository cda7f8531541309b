using Flannel.Containers.Tests.Kernel;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Containers.Tests;

/// <summary>
/// The samples of the package's README and of docs/containers.md, compiled and run. The architecture tests compare them with what is shown.
/// </summary>
public sealed class ReadmeTests
{
    [SkippableFact]
    public async Task Container_IsAttachedAndDetached()
    {
        await using var host = new Host(dualStack: false);
        Skip.If(NetworkNamespace.List().Contains("web-1"), "a namespace web-1 is there");
        using NetworkNamespace web = NetworkNamespace.Create("web-1");
        using var output = new StringWriter();
        try
        {
            await using ServiceProvider provider = new ServiceCollection().AddSingleton<IContainerNetwork>(host.Network).BuildServiceProvider();
            await AttachAsync(provider, new Output(output));
        }
        finally
        {
            NetworkNamespace.Delete("web-1");
        }

        Assert.Equal("10.244.7.2, MTU 1450\n", output.ToString());
        host.AssertClean();
    }

    [Fact]
    public async Task Registration_GivesOneNetworkForTheNode_WithAndWithoutAKey()
    {
        var services = new ServiceCollection();
        Register(services, new InMemoryLeaseStore("""{"Network":"10.5.0.0/16"}"""));
        await using ServiceProvider provider = services.BuildServiceProvider();

        var network = provider.GetRequiredService<IContainerNetwork>();

        Assert.Same(network, provider.GetRequiredKeyedService<IContainerNetwork>(""));
        var refusal = await Assert.ThrowsAsync<ContainerNetworkException>(
            () => network.AttachAsync(new ContainerAttachment("one") { NamespacePath = "/proc/self/ns/net" }));
        Assert.Equal(ContainerNetworkError.NoLease, refusal.Error);
    }

    private static void Register(ServiceCollection services, InMemoryLeaseStore store)
    {
        #region Registration
        services.AddFlannel().UseInMemoryStore(store).UseLinux().UseAlloc().UseContainers(options => options.Mode = ContainerMode.Bridge);
        #endregion
    }

    private static async Task AttachAsync(IServiceProvider provider, Output Console)
    {
        #region Attach
        IContainerNetwork containers = provider.GetRequiredService<IContainerNetwork>();
        AttachedContainer web = await containers.AttachAsync(new ContainerAttachment("web-1")
        {
            NamespacePath = "/run/netns/web-1", // or ProcessId, or Namespace
            PortMappings = [new PortMapping(8080, 80)],
        });
        Console.WriteLine($"{web.Addresses[0]}, MTU {web.Mtu}");
        await containers.DetachAsync("web-1");
        #endregion
    }

    private sealed class Output(TextWriter writer)
    {
        public void WriteLine(string value) => writer.Write(value + "\n");
    }
}
