using System.Runtime.InteropServices;

namespace Orchestrator;

/// <summary>Turns the signals that ask a program to end into a cancellation, so that it can tidy up first.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Interrupt() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => Stop(context, 1)),
        PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, 2)),
        PosixSignalRegistration.Create(PosixSignal.SIGQUIT, context => Stop(context, 3)),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, 15)),
    ];

    public CancellationToken Token => _source.Token;

    /// <summary>What a shell expects of a program that a signal has ended: 128 and the signal's number.</summary>
    public int ExitCode { get; private set; }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    private void Stop(PosixSignalContext context, int signal)
    {
        context.Cancel = true; // the runtime would end the process at once
        if (ExitCode == 0) ExitCode = 128 + signal;
        _source.Cancel();
    }
}
