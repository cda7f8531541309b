using System.Runtime.InteropServices;
using Flannel.Cni.Interop;
using Flannel.Cni.Processes;

namespace Flannel.Cni;

/// <summary>
/// Runs plugins as processes: each in a process group, with the environment it is given, three descriptors and default signals. What does not end in
/// time is killed with its group, and every child is waited for.
/// </summary>
/// <remarks>Thread-safe. One thread per plugin that runs.</remarks>
public sealed class CniProcesses : ICniProcesses
{
    private readonly TimeSpan _limit;
    private readonly TimeProvider _time;
    private readonly string? _networkNamespace;

    /// <summary>Makes one.</summary>
    /// <param name="limit">How long one plugin may take: more than zero, a day at most.</param>
    /// <param name="time">Measures it; <see langword="null"/> for the system's clock.</param>
    /// <param name="networkNamespace">
    /// The path of the network namespace that plugins begin in, as their host; <see langword="null"/> for the process's own.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is out of its range.</exception>
    public CniProcesses(TimeSpan limit, TimeProvider? time = null, string? networkNamespace = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, TimeSpan.FromDays(1));
        _limit = limit;
        _time = time ?? TimeProvider.System;
        _networkNamespace = networkNamespace;
    }

    /// <inheritdoc/>
    public Task<CniProcessResult> RunAsync(CniProcessStart start, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(start);
        // A thread that is moved into a namespace ends there, so it is none of the pool's.
        return Task.Factory.StartNew(
            () =>
            {
                EnterNamespace();
                return Run(start, ownGroup: true, cancellationToken);
            },
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    /// <summary>Runs a plugin on the calling thread.</summary>
    /// <param name="start">What to run.</param>
    /// <param name="ownGroup">Whether it leads a process group; else it is in the caller's, and ends with it.</param>
    /// <param name="cancellationToken">Kills it.</param>
    internal CniProcessResult Run(CniProcessStart start, bool ownGroup, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var child = ChildProcess.Start(start, ownGroup);
        return child.Wait(_limit, _time, cancellationToken);
    }

    private void EnterNamespace()
    {
        if (_networkNamespace is null) return;
        // It may be a pipe, which must not be waited for.
        using var file = new Descriptor(Libc.open(_networkNamespace, Libc.O_RDONLY | Libc.O_NONBLOCK | Libc.O_CLOEXEC));
        if (file.IsInvalid || Libc.setns(file.Number, Libc.CLONE_NEWNET) != 0)
        {
            throw new CniException(
                CniErrorCode.IoFailure,
                $"The network namespace {_networkNamespace}, which plugins are to begin in, cannot be entered: " +
                $"{Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
        }
    }
}
