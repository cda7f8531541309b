using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using Flannel.Linux.Diagnostics;

namespace Flannel.Extensibility;

/// <summary>Notices that a network namespace lost its name, which happens in silence and while its devices live on.</summary>
/// <param name="host">The host's kernel.</param>
/// <param name="time">The clock.</param>
[SupportedOSPlatform("linux")]
[Experimental(ExperimentalApi.KernelBackends)]
public sealed class NamespaceWatch(HostKernel host, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private volatile string? _problem;

    /// <summary>What is wrong with the namespace, or <see langword="null"/>.</summary>
    public string? Problem => _problem;

    /// <summary>Looks every two seconds until cancelled. A host that is the process's own namespace needs no look.</summary>
    /// <param name="onChanged">Called when <see cref="Problem"/> changed.</param>
    /// <param name="cancellationToken">Ends the loop.</param>
    public async Task RunAsync(Action onChanged, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(onChanged);
        while (true)
        {
            string? found = host.FindNamespaceProblem();
            if (found != _problem)
            {
                _problem = found;
                onChanged();
            }

            await Task.Delay(host.IsNamed ? Interval : Timeout.InfiniteTimeSpan, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
