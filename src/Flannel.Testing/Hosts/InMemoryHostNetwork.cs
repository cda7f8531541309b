using System.Net;
using Flannel.Extensibility;

namespace Flannel.Testing;

/// <summary>
/// A host with one interface and no kernel: its addresses, routes and refusals are what the test says. It needs no privilege and touches nothing.
/// Safe for concurrent use.
/// </summary>
public sealed class InMemoryHostNetwork : IHostNetwork
{
    private readonly Lock _gate = new();
    private ExternalInterface _external;
    private TaskCompletionSource _moved = NewSignal();
    private int _accessChecks;

    /// <summary>Creates a host with an interface <c>eth0</c> of MTU 1500.</summary>
    /// <param name="address">Its IPv4 address, also published. Default 192.168.100.1.</param>
    /// <param name="addressIPv6">Its IPv6 address, also published; <see langword="null"/> (default) for none.</param>
    public InMemoryHostNetwork(string address = "192.168.100.1", string? addressIPv6 = null)
    {
        (IPAddress ipv4, IPAddress? ipv6) = (IPAddress.Parse(address), addressIPv6 is null ? null : IPAddress.Parse(addressIPv6));
        _external = new ExternalInterface
        {
            Name = "eth0",
            Index = 2,
            Mtu = 1500,
            Address = ipv4,
            PublicIP = ipv4,
            AddressIPv6 = ipv6,
            PublicIPv6 = ipv6,
        };
    }

    /// <summary>
    /// The interface that is chosen, whatever the options say; the addresses of families that a network does not have are left out. Setting it moves
    /// the host to another address or interface: whoever waits for that is told.
    /// </summary>
    public ExternalInterface External
    {
        get
        {
            lock (_gate) return _external;
        }

        set
        {
            ArgumentNullException.ThrowIfNull(value);
            TaskCompletionSource moved;
            lock (_gate) (_external, moved, _moved) = (value, _moved, NewSignal());
            moved.SetResult();
        }
    }

    /// <summary>The addresses and routes that a network might collide with; none by default.</summary>
    public IReadOnlyList<HostPrefix> Prefixes { get; set; } = [];

    /// <summary>Thrown by the check for privileges while set, for example a <see cref="FlannelException"/>.</summary>
    public Exception? AccessError { get; set; }

    /// <summary>Thrown by the choice of the interface while set.</summary>
    public Exception? InterfaceError { get; set; }

    /// <summary>What is wrong with the host's forwarding; <see langword="null"/> (default) for nothing, and once somebody turned it on.</summary>
    public string? ForwardingProblem { get; set; }

    /// <summary>Whether somebody asked to turn forwarding on.</summary>
    public bool IsForwardingEnabled { get; private set; }

    /// <summary>How often privileges were checked, which every start of a node does first.</summary>
    public int AccessChecks => Volatile.Read(ref _accessChecks);

    /// <summary>Moves the host to another interface, or changes the one it has.</summary>
    /// <param name="external">The interface from now on.</param>
    public void Move(ExternalInterface external) => External = external;

    /// <summary>Moves the host to another address, as DHCP does.</summary>
    /// <param name="address">The new address, of either family; it is published, too.</param>
    public void Move(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        ExternalInterface external = External;
        External = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            ? external with { AddressIPv6 = address, PublicIPv6 = address }
            : external with { Address = address, PublicIP = address };
    }

    /// <inheritdoc />
    public Task CheckAccessAsync(string? networkNamespace, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _accessChecks);
        return AccessError is { } error ? Task.FromException(error) : Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task<ExternalInterface> FindExternalInterfaceAsync(
        string? networkNamespace, ExternalInterfaceOptions options, NetworkConfig config, CancellationToken cancellationToken) =>
        InterfaceError is { } error ? Task.FromException<ExternalInterface>(error) : Task.FromResult(ForFamiliesOf(config, External));

    /// <inheritdoc />
    public async Task<ExternalInterface> WaitForOtherExternalInterfaceAsync(
        string? networkNamespace, ExternalInterfaceOptions options, NetworkConfig config, ExternalInterface current,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            Task moved;
            ExternalInterface external;
            lock (_gate) (external, moved) = (ForFamiliesOf(config, _external), _moved.Task);
            if (external != current) return external;
            await moved.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc />
    public Task<ForwardingStatus> CheckForwardingAsync(
        string? networkNamespace, NetworkConfig config, bool enable, CancellationToken cancellationToken)
    {
        if (enable) (IsForwardingEnabled, ForwardingProblem) = (true, null);
        return Task.FromResult(new ForwardingStatus(ForwardingProblem));
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<HostPrefix>> GetPrefixesAsync(string? networkNamespace, CancellationToken cancellationToken) =>
        Task.FromResult(Prefixes);

    private static ExternalInterface ForFamiliesOf(NetworkConfig config, ExternalInterface external) => external with
    {
        Address = config.EnableIPv4 ? external.Address : null,
        PublicIP = config.EnableIPv4 ? external.PublicIP : null,
        AddressIPv6 = config.EnableIPv6 ? external.AddressIPv6 : null,
        PublicIPv6 = config.EnableIPv6 ? external.PublicIPv6 : null,
    };

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
