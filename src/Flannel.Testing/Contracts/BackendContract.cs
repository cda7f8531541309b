using System.Net;
using Flannel.Extensibility;
using Flannel.Testing.Contracts;

namespace Flannel.Testing;

/// <summary>
/// What every <see cref="IBackend"/> and its <see cref="IBackendNetwork"/> do, sentence by sentence of their documentation, for any test framework:
/// derive from this class, and let one test run <see cref="RunAsync"/> for each of <see cref="Cases"/>. Each run gets its own instance, on a
/// host without a network.
/// </summary>
public abstract partial class BackendContract
{
    private static readonly ContractCase<BackendContract>[] All = [.. Asking, .. Following, .. Closing];

    /// <summary>The names of the cases.</summary>
    public static IReadOnlyList<string> Cases { get; } = [.. All.Select(static one => one.Name)];

    /// <summary>The backend under test.</summary>
    protected abstract IBackend Backend { get; }

    /// <summary>A configuration and a host on which the backend can start, always the same.</summary>
    protected abstract BackendContext Context { get; }

    /// <summary>The subnets of a host: of the one under test for 0, of a peer for 1 to 9. By default subnets of length 24 and 64.</summary>
    /// <param name="number">The host's number.</param>
    protected virtual SubnetKey NewKey(int number) =>
        new(SubnetOf(Context.Config.Network, number, 8, 24), SubnetOf(Context.Config.IPv6Network, number, 64, 64));

    /// <summary>
    /// What a peer publishes that the backend can reach. By default as the host under test, with an address that differs in the last byte; a backend
    /// that puts data into the lease adds them.
    /// </summary>
    /// <param name="number">The peer's number, 1 to 9.</param>
    /// <param name="own">What the host under test publishes.</param>
    protected virtual LeaseAttributes NewPeer(int number, LeaseAttributes own)
    {
        ArgumentNullException.ThrowIfNull(own);
        return own with { PublicIP = Next(own.PublicIP, number), PublicIPv6 = Next(own.PublicIPv6, number) };
    }

    /// <summary>
    /// Reads from the kernel, or wherever it is, which peers' subnets packets find now. <see langword="null"/> (default) for a backend that leaves
    /// the packets to others: then the cases see less.
    /// </summary>
    protected virtual Task<IReadOnlyCollection<SubnetKey>?> ReadDataPathAsync() => Task.FromResult<IReadOnlyCollection<SubnetKey>?>(null);

    /// <summary>How long a case waits for what comes in a moment, or never. Default 30 s.</summary>
    protected virtual TimeSpan Patience => TimeSpan.FromSeconds(30);

    /// <summary>Runs one case.</summary>
    /// <param name="name">Its name, one of <see cref="Cases"/>.</param>
    /// <exception cref="ContractException">The backend breaks the rule.</exception>
    /// <exception cref="ArgumentException">There is no such case.</exception>
    public Task RunAsync(string name) => ContractCase<BackendContract>.RunAsync(All, "backend", name, this);

    private static IPNetwork? SubnetOf(IPNetwork? network, int number, int shift, int length)
    {
        if (network is not { } range) return null;
        byte[] bytes = range.BaseAddress.GetAddressBytes();
        bytes[^((shift / 8) + 1)] += (byte)(number + 1);
        return new IPNetwork(new IPAddress(bytes), length);
    }

    private static IPAddress? Next(IPAddress? address, int number)
    {
        if (address is null) return null;
        byte[] bytes = address.GetAddressBytes();
        bytes[^1] += (byte)number;
        return new IPAddress(bytes);
    }

    private static bool IsSettled(BackendStatus status) => status is { IsConverged: true, Problem: null, PeerProblems.Count: 0 };

    private Task<IBackendNetwork> CreateAsync() => Backend.CreateNetworkAsync(Context, CancellationToken.None);

    private async Task<IBackendNetwork> StartAsync(params int[] peers)
    {
        IBackendNetwork network = await CreateAsync();
        await network.StartAsync(OwnLease(network), CancellationToken.None);
        if (peers.Length > 0)
        {
            network.SetPeers(Peers(network, peers));
            await HasAsync(network, peers);
        }

        return network;
    }

    private Lease OwnLease(IBackendNetwork network) =>
        new() { Key = NewKey(0), Attributes = network.Attributes, CreateRevision = 1, ModRevision = 1 };

    private Lease Peer(IBackendNetwork network, int number) =>
        new() { Key = NewKey(number), Attributes = NewPeer(number, network.Attributes), CreateRevision = number + 1, ModRevision = number + 1 };

    private Lease[] Peers(IBackendNetwork network, params int[] numbers) => [.. numbers.Select(number => Peer(network, number))];

    /// <summary>Waits until the status is settled and, if it can be seen, packets find exactly these peers.</summary>
    private async Task HasAsync(IBackendNetwork network, params int[] numbers)
    {
        await Expect.EventuallyAsync(() => IsSettled(network.Status), () => $"The status is {Describe(network.Status)}.", Patience);
        await FindsAsync(numbers);
    }

    private async Task FindsAsync(params int[] numbers)
    {
        if (await ReadDataPathAsync() is { } found) Expect.SameSet(numbers.Select(NewKey), found, "The subnets that packets find");
    }

    private static string Describe(BackendStatus status) =>
        $"{(status.IsConverged ? "converged" : "not converged")}, problem: {status.Problem ?? "none"}, " +
        $"peers with problems: {string.Join("; ", status.PeerProblems.Select(static problem => $"{problem.Key}: {problem.Value}"))}";
}
