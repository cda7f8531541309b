using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Flannel.Linux.Diagnostics;

namespace Flannel.Extensibility;

/// <summary>Tells a loop to look again: soon after somebody asked, and now and then, because some things change in silence.</summary>
/// <param name="settling">How long to wait for more after a request: changes come in swarms, and one review serves them all.</param>
/// <param name="time">The clock.</param>
[Experimental(ExperimentalApi.KernelBackends)]
public sealed class ReviewSignal(TimeSpan settling, TimeProvider time)
{
    /// <summary>At most one review is pending.</summary>
    private readonly Channel<bool> _pending =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Asks for a review.</summary>
    public void Request() => _pending.Writer.TryWrite(true);

    /// <summary>Waits until a review is due.</summary>
    /// <param name="patience">How long to wait if nobody asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task WaitAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _pending.Reader.ReadAsync(both.Token).ConfigureAwait(false);
            await Task.Delay(settling, time, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nobody asked for a while: time to look all the same.
        }
    }
}
