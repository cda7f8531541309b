using System.Threading.Channels;
using Flannel.Extensibility;

namespace Flannel.Store.Kubernetes.NetworkConfigs;

/// <summary>
/// A file, usually out of a ConfigMap that is mounted into the pod. Its content is compared every few seconds: a mount changes by its links, which
/// the kernel's notifications of one file do not tell.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="time">The clock.</param>
internal sealed class ConfigFile(string path, TimeProvider time) : IConfigOrigin
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    // A configuration has some hundred bytes.
    private const int MaxBytes = 1 << 20;
    private const int PieceSize = 4096;

    public string Name => path;

    public async Task<ConfigDocument> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (Directory.Exists(path))
                return new ConfigDocument(null, "it is a directory; name a file in it");
            if (RegularFile.Refuse(path) is { } found)
                return new ConfigDocument(null, $"it is {found}");
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var content = new MemoryStream();
            byte[] piece = new byte[PieceSize];
            while (await file.ReadAsync(piece, cancellationToken).ConfigureAwait(false) is > 0 and int count)
            {
                content.Write(piece, 0, count);
                if (content.Length > MaxBytes)
                    return new ConfigDocument(null, $"it is larger than {MaxBytes >> 20} MiB");
            }

            return new ConfigDocument(content.ToArray());
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return new ConfigDocument(null);
        }
        catch (UnauthorizedAccessException)
        {
            return new ConfigDocument(null, "the user that this process runs as may not read it");
        }
        catch (Exception error) when (error is IOException or ArgumentException or NotSupportedException)
        {
            return new ConfigDocument(null, error.Message.TrimEnd('.'));
        }
    }

    public async Task FollowAsync(ConfigDocument known, ChannelWriter<ConfigDocument> writer, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Interval, time, cancellationToken).ConfigureAwait(false);
            ConfigDocument now = await ReadAsync(cancellationToken).ConfigureAwait(false);
            if (now == known)
                continue;
            known = now;
            await writer.WriteAsync(now, cancellationToken).ConfigureAwait(false);
        }
    }
}
