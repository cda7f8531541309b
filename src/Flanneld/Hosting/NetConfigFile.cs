using Flannel;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flanneld.Hosting;

/// <summary>
/// The network configuration for a store in memory, which nobody can write to from outside: a file that is read again when it changes. If the file
/// was not asked for by name and there is none, a configuration to try things out takes its place.
/// </summary>
internal sealed partial class NetConfigFile(string path, bool isRequired, ILogger logger, TimeProvider time)
{
    /// <summary>What counts without a file.</summary>
    public const string DefaultConfig = """{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private const int MaxCharacters = 64 * 1024;

    private string? _content;
    private string? _problem;

    /// <summary>Reads the file once.</summary>
    public void ReadInto(InMemoryLeaseStore store)
    {
        string? content;
        try
        {
            content = Read();
            _problem = null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (exception.Message != _problem) Log.Unreadable(logger, path, exception.Message);
            _problem = exception.Message;
            return; // what was read before still counts
        }

        if (content == _content) return;
        _content = content;
        store.SetConfig(content);
    }

    /// <summary>Follows the file until cancelled.</summary>
    public async Task FollowAsync(InMemoryLeaseStore store, CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(Interval, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested) return;
            ReadInto(store);
        }
    }

    private string Read()
    {
        if (!isRequired && !File.Exists(path))
        {
            if (_content is null) Log.Default(logger, path, DefaultConfig);
            return DefaultConfig;
        }

        if (Directory.Exists(path)) throw new IOException("it is a directory; -net-config-path must name a file");
        if (!File.Exists(path)) throw new IOException("there is no such file; write one, or correct -net-config-path");
        if (RegularFile.Refuse(path) is { } found) throw new IOException($"it is {found}; -net-config-path must name a file");
        using var reader = new StreamReader(path);
        char[] buffer = new char[MaxCharacters + 1];
        int length = reader.ReadBlock(buffer);
        return length <= MaxCharacters
            ? new string(buffer, 0, length)
            : throw new IOException($"it has more than {MaxCharacters} characters, so it is no network configuration");
    }
}
