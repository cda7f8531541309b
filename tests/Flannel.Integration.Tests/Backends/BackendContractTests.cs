using System.Net.Sockets;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Backends;

/// <summary>Every backend keeps the contract of the seam on the real kernel.</summary>
public sealed class BackendContractTests
{
    public static TheoryData<string, string> CasesOfBackends
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string backend in new[] { "vxlan", "host-gw", "udp", "alloc", "static-routes" })
            {
                foreach (string name in BackendContract.Cases) data.Add(backend, name);
            }

            return data;
        }
    }

    [NetnsTheory]
    [MemberData(nameof(CasesOfBackends))]
    public async Task Backend_KeepsTheContract(string backend, string name)
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using var contract = new Contract(lab.Hosts[0], backend);
        await contract.RunAsync(name);
    }

    private sealed class Contract : BackendContract, IAsyncDisposable
    {
        private const string Name = "contract";

        private readonly LabHost _host;
        private readonly ServiceProvider _services;

        public Contract(LabHost host, string backend)
        {
            _host = host;
            var services = new ServiceCollection();
            CustomBackend.StaticRoutesFlannelBuilderExtensions.UseStaticRoutes(
                services.AddFlannel(Name).UseVxlan().UseHostGateway().UseUdp().UseAlloc());
            _services = services.BuildServiceProvider();
            Backend = _services.GetKeyedServices<IBackend>(Name).Single(candidate => candidate.Name == backend);
            Context = new BackendContext
            {
                NetworkName = Name,
                Config = NetworkConfig.Parse($$"""{"Network":"10.5.0.0/16","Backend":{"Type":"{{backend}}"} }""", "test"),
                ExternalInterface = host.External,
                NetworkNamespace = host.NamespaceName,
            };
        }

        protected override IBackend Backend { get; }

        protected override BackendContext Context { get; }

        public ValueTask DisposeAsync() => _services.DisposeAsync();

        protected override LeaseAttributes NewPeer(int number, LeaseAttributes own) => base.NewPeer(number, own) with
        {
            BackendData = Backend.Name == "vxlan" ? $$"""{"VNI":1,"VtepMAC":"02:00:00:00:00:0{{number}}" }""" : own.BackendData,
        };

        // udp and alloc keep their peers elsewhere.
        protected override Task<IReadOnlyCollection<SubnetKey>?> ReadDataPathAsync() => Task.FromResult<IReadOnlyCollection<SubnetKey>?>(
            Backend.Name is "udp" or "alloc"
                ? null
                :
                [
                    .. _host.Netlink.GetRoutes(AddressFamily.InterNetwork)
                        .Select(static route => route.Destination)
                        .Where(static route => route.PrefixLength == 24 && route.BaseAddress.ToString().StartsWith("10.5.", StringComparison.Ordinal))
                        .Select(static route => new SubnetKey(route, null)),
                ]);
    }
}
