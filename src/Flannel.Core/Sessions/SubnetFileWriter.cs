using Flannel.Core.Hosting;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Sessions;

/// <summary>Keeps the subnet file up to date: writes each new content, and retries until it succeeds.</summary>
internal sealed partial class SubnetFileWriter(string path, NodeConditionCell condition, TimeProvider time, Random random, ILogger logger)
{
    private static readonly BackOff WriteBackOff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
    private readonly LatestValue<SubnetFile?> _content = new(null);

    public void Put(SubnetFile content) => _content.Publish(content);

    /// <summary>Writes until cancelled; never ends by itself, so there is no reason to tell.</summary>
    public async Task<SessionEnd> RunAsync(CancellationToken cancellationToken)
    {
        await foreach (SubnetFile? content in _content.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            if (content is not null) await WriteAsync(content, cancellationToken).ConfigureAwait(false);
        }

        throw new InvalidOperationException("The subnet file's content ended by itself.");
    }

    private async Task WriteAsync(SubnetFile content, CancellationToken cancellationToken)
    {
        for (int attempts = 1; content.Equals(_content.Value); attempts++)
        {
            try
            {
                await content.WriteAsync(path, cancellationToken).ConfigureAwait(false);
                condition.Change(current => current with { SubnetFileError = null, IsSubnetFileCurrent = true });
                Log.Written(logger, path);
                return;
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // The state in memory is what counts; the file follows as soon as the disk lets it.
                if (attempts == 1) Log.Failed(logger, exception.Message);
                condition.Change(current => current with { SubnetFileError = exception, IsSubnetFileCurrent = false });
            }

            await Task.Delay(WriteBackOff.Delay(attempts, random), time, cancellationToken).ConfigureAwait(false);
        }
    }
}
