using System.Net;
using Flannel.Extensibility;

namespace Flannel.Testing.Backends;

/// <summary>A host with one interface, whose addresses, routes and refusals the test decides.</summary>
public sealed class FakeHostNetwork(string address = "192.168.100.1") : IHostNetwork
{
    private int _accessChecks;
    private TaskCompletionSource<ExternalInterface> _moved = NewMove();

    public ExternalInterface External { get; set; } = new()
    {
        Name = "eth0",
        Index = 2,
        Mtu = 1500,
        Address = IPAddress.Parse(address),
        PublicIP = IPAddress.Parse(address),
    };

    public IReadOnlyList<HostPrefix> Prefixes { get; set; } = [];

    /// <summary>Thrown by the access check while set.</summary>
    public Exception? AccessError { get; set; }

    /// <summary>Thrown by the choice of the interface while set.</summary>
    public Exception? InterfaceError { get; set; }

    /// <summary>What is wrong with the host's forwarding, if anything.</summary>
    public string? ForwardingProblem { get; set; }

    /// <summary>Whether somebody asked to turn forwarding on.</summary>
    public bool IsForwardingEnabled { get; private set; }

    /// <summary>How often access was checked, which every start does first.</summary>
    public int AccessChecks => Volatile.Read(ref _accessChecks);

    public Task CheckAccessAsync(string? networkNamespace, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _accessChecks);
        return AccessError is { } error ? Task.FromException(error) : Task.CompletedTask;
    }

    public Task<ExternalInterface> FindExternalInterfaceAsync(
        string? networkNamespace, ExternalInterfaceOptions options, NetworkConfig config, CancellationToken cancellationToken) =>
        InterfaceError is { } error ? Task.FromException<ExternalInterface>(error) : Task.FromResult(External);

    /// <summary>Moves the host to another address or interface, as those notice who wait for it.</summary>
    public void Move(ExternalInterface external)
    {
        External = external;
        Interlocked.Exchange(ref _moved, NewMove()).SetResult(external);
    }

    public Task<ExternalInterface> WaitForOtherExternalInterfaceAsync(
        string? networkNamespace, ExternalInterfaceOptions options, NetworkConfig config, ExternalInterface current, CancellationToken cancellationToken)
    {
        Task<ExternalInterface> moved = _moved.Task;
        return External == current ? moved.WaitAsync(cancellationToken) : Task.FromResult(External);
    }

    public Task<ForwardingStatus> CheckForwardingAsync(string? networkNamespace, NetworkConfig config, bool enable, CancellationToken cancellationToken)
    {
        IsForwardingEnabled |= enable;
        return Task.FromResult(new ForwardingStatus(enable ? null : ForwardingProblem));
    }

    private static TaskCompletionSource<ExternalInterface> NewMove() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<IReadOnlyList<HostPrefix>> GetPrefixesAsync(string? networkNamespace, CancellationToken cancellationToken) => Task.FromResult(Prefixes);
}
