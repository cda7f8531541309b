namespace Flannel.Cni;

/// <summary>Starts plugins and waits for their end. <see cref="CniProcesses"/> does it by processes; tests may do without.</summary>
public interface ICniProcesses
{
    /// <summary>Runs a plugin to its end.</summary>
    /// <param name="start">What to run.</param>
    /// <param name="cancellationToken">Kills it.</param>
    /// <exception cref="CniException">It could not be started (<see cref="CniErrorCode.IoFailure"/>).</exception>
    /// <exception cref="OperationCanceledException">It was cancelled, and has ended.</exception>
    Task<CniProcessResult> RunAsync(CniProcessStart start, CancellationToken cancellationToken);
}
