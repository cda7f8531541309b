using System.Text.Json;
using Flannel;
using Flannel.Extensibility;

namespace CustomStore;

/// <summary>
/// A lease store in a JSON file that any number of processes share: on one host, or in a folder that hosts share and that knows locks (NFS version 4
/// does). A writer holds a lock beside the file, writes another file and renames it; whoever reads sees the one or the other. A process that dies
/// leaves at most the unfinished other file, and its lock ends with it.
/// </summary>
public sealed class JsonFileLeaseStore(string path, TimeSpan? pollInterval = null, TimeProvider? timeProvider = null)
    : PollingLeaseStore(pollInterval, timeProvider)
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(5);

    public override string ConfigSource => $"the file {path}";

    protected override async Task<StoreRows> ReadRowsAsync(CancellationToken cancellationToken)
    {
        JsonFileContent content = await ReadAsync(cancellationToken);
        StoreRow[] rows = [.. content.Rows.Select(static pair => new StoreRow(
            pair.Key, pair.Value.Value, pair.Value.CreateRevision, pair.Value.ModRevision, pair.Value.Expires))];
        return new StoreRows(rows, content.Revision, Time.GetUtcNow());
    }

    protected override async Task<long?> WriteRowAsync(StoreRowWrite write, CancellationToken cancellationToken)
    {
        await using FileStream heldUntilWritten = await LockAsync(cancellationToken);
        JsonFileContent content = await ReadAsync(cancellationToken);
        JsonFileRow? found = content.Rows.GetValueOrDefault(write.Key);
        if (found?.ModRevision != write.ExpectedRevision) return null;

        long revision = ++content.Revision;
        if (write.Value is { } value)
            content.Rows[write.Key] = new JsonFileRow(value.ToArray(), found?.CreateRevision ?? revision, revision, write.Expires);
        else content.Rows.Remove(write.Key);
        Replace(content);
        return revision;
    }

    private async Task<JsonFileContent> ReadAsync(CancellationToken cancellationToken)
    {
        byte[] json;
        try
        {
            json = await File.ReadAllBytesAsync(path, cancellationToken);
        }
        catch (FileNotFoundException)
        {
            return new JsonFileContent(); // nobody has written yet
        }

        try
        {
            return JsonSerializer.Deserialize(json, JsonFileContext.Default.JsonFileContent) ?? throw new JsonException("It is empty.");
        }
        catch (JsonException damage)
        {
            throw new StoreException($"{path} is no file of leases; restore it or remove it. {damage.Message}", isTransient: false, damage);
        }
    }

    private void Replace(JsonFileContent content)
    {
        string next = path + ".next";
        using (FileStream file = File.Create(next))
        {
            JsonSerializer.Serialize(file, content, JsonFileContext.Default.JsonFileContent);
            file.Flush(flushToDisk: true);
        }

        File.Move(next, path, overwrite: true);
    }

    // The kernel gives a lock back when its holder ends, however it ends.
    private async Task<FileStream> LockAsync(CancellationToken cancellationToken)
    {
        long start = Time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException error) when (error is not DirectoryNotFoundException && Time.GetElapsedTime(start) < LockPatience)
            {
                await Task.Delay(LockPause, Time, cancellationToken);
            }
        }
    }
}
