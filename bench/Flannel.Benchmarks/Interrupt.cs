using System.Runtime.InteropServices;

namespace Flannel.Benchmarks;

/// <summary>Turns the signals that ask a program to end into a cancellation, so that the namespaces are removed first.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Interrupt() =>
        _registrations = [Register(PosixSignal.SIGINT, 2), Register(PosixSignal.SIGTERM, 15), Register(PosixSignal.SIGHUP, 1)];

    public CancellationToken Token => _source.Token;

    /// <summary>What a shell expects of a program that a signal has ended: 128 and the signal's number.</summary>
    public int ExitCode { get; private set; }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal, int number) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true; // the runtime would end the process at once
        ExitCode = 128 + number;
        _source.Cancel();
    });
}
