using System.Runtime.InteropServices;

namespace Flanneld.Hosting;

/// <summary>
/// The first SIGINT or SIGTERM asks for a graceful stop, the second ends the process as it would any other. SIGHUP does nothing: there is no file to
/// read again, and a terminal that closes must not take the network down.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    /// <param name="onHangUp">Told of every SIGHUP.</param>
    public StopSignals(Action onHangUp) => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop),
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            onHangUp();
        }),
    ];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        if (_source.IsCancellationRequested) return; // what the signal does by itself
        context.Cancel = true;
        _source.Cancel();
    }
}
