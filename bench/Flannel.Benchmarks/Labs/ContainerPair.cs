using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Flannel.Benchmarks.Labs;

/// <summary>
/// Two hosts joined by a veth pair, and a container behind each, routed through its host. How packets get from one host to the other is not decided
/// here.
/// </summary>
internal sealed class ContainerPair : IDisposable
{
    /// <summary>The MTU between the hosts.</summary>
    public const int UnderlayMtu = 1500;

    public static readonly IPAddress FirstAddress = IPAddress.Parse("192.168.100.1");
    public static readonly IPAddress SecondAddress = IPAddress.Parse("192.168.100.2");

    /// <summary>A container's only device.</summary>
    public const string Inside = "eth0";

    private const string Outside = "container";

    private Process? _iperf;
    private Task _reports = Task.CompletedTask;

    public ContainerPair(Lab lab, string role)
    {
        (First, Second) = (lab.Add(role + "1"), lab.Add(role + "2"));
        (Client, Server) = (lab.Add(role + "c1"), lab.Add(role + "c2"));
        First.Join(LabHost.ExternalInterface, Second, LabHost.ExternalInterface, UnderlayMtu);
        First.AddAddress(LabHost.ExternalInterface, FirstAddress, 24);
        Second.AddAddress(LabHost.ExternalInterface, SecondAddress, 24);
    }

    public LabHost First { get; }

    public LabHost Second { get; }

    /// <summary>The container of the first host.</summary>
    public LabHost Client { get; }

    /// <summary>The container of the second host.</summary>
    public LabHost Server { get; }

    /// <summary>The second container's address, once it is attached.</summary>
    public IPAddress ServerAddress { get; private set; } = IPAddress.None;

    /// <summary>Joins the containers to their hosts and starts the server in the second one.</summary>
    /// <param name="first">The first host's subnet.</param>
    /// <param name="second">The second host's subnet.</param>
    /// <param name="mtu">The containers' MTU.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task AttachAsync(IPNetwork first, IPNetwork second, int mtu, CancellationToken cancellationToken)
    {
        Attach(First, Client, first, mtu);
        Attach(Second, Server, second, mtu);
        ServerAddress = Nth(second, 2);
        _iperf = Command.Start(Server, "iperf3", ["--server", "--forceflush"]);
        while (await _iperf.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            if (!line.Contains("listening", StringComparison.OrdinalIgnoreCase)) continue;

            // It reports every second, and stands still once nobody takes the reports out of the pipe.
            _reports = _iperf.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
            return;
        }

        throw new BenchException("iperf3 --server ended at once; is its port in use?");
    }

    /// <summary>Sends from container to container with TCP. The first second does not count.</summary>
    /// <param name="streams">How many connections side by side.</param>
    /// <param name="seconds">How long to measure.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    /// <returns>What arrived, in Gbit/s.</returns>
    public async Task<double> SendAsync(int streams, int seconds, CancellationToken cancellationToken)
    {
        string[] arguments = ["--client", ServerAddress.ToString(), "--parallel", Text(streams), "--omit", "1", "--time", Text(seconds), "--json"];
        using JsonDocument report = JsonDocument.Parse(await Command.ReadAsync(Client, "iperf3", arguments, cancellationToken));
        return report.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bits_per_second").GetDouble() / 1e9;

        static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Ends the server; the namespaces are the lab's.</summary>
    public void Dispose()
    {
        if (_iperf is null) return;
        _iperf.Kill();
        _iperf.WaitForExit();
        _reports.GetAwaiter().GetResult();
        _iperf.Dispose();
    }

    private static void Attach(LabHost host, LabHost container, IPNetwork subnet, int mtu)
    {
        host.Join(Outside, container, Inside, mtu);
        host.AddAddress(Outside, Nth(subnet, 1), subnet.PrefixLength);
        container.AddAddress(Inside, Nth(subnet, 2), subnet.PrefixLength);
        container.AddRoute(new IPNetwork(IPAddress.Any, 0), Nth(subnet, 1));
    }

    private static IPAddress Nth(IPNetwork network, int offset)
    {
        byte[] bytes = network.BaseAddress.GetAddressBytes();
        bytes[^1] += (byte)offset;
        return new IPAddress(bytes);
    }
}
