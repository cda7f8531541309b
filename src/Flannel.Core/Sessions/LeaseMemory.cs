using System.Text;
using System.Text.Json;
using Flannel.Core.Json;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Sessions;

/// <summary>
/// What a node remembers of its lease over a restart and a reboot, in its state directory, so that a host whose address changed meanwhile finds its
/// lease again: the key, which life of it, and the document that it wrote there. Only a lease that nobody else has written since is the node's own.
/// As long as the host runs, it also remembers its last write: whoever claims a lease that stands as it was written need not wait for an answer.
/// Another host made from this one's image has booted by itself, so it waits.
/// </summary>
/// <param name="directory">The state directory; nothing is remembered if it is <see langword="null"/> or does not exist.</param>
/// <param name="network">The network's name in this process.</param>
/// <param name="logger">Where to log.</param>
/// <param name="bootFile">Where the kernel tells which boot this is: proc_sys_kernel(5).</param>
internal sealed partial class LeaseMemory(string? directory, string network, ILogger logger, string bootFile = "/proc/sys/kernel/random/boot_id")
{
    private const string KeyName = "Lease", RevisionName = "CreateRevision", WriteName = "ModRevision", BootName = "Boot", DocumentName = "Document";
    private const int MaxBytes = 64 * 1024;

    private string? _written;

    private string? FilePath =>
        directory is null ? null : Path.Combine(directory, network.Length == 0 ? "lease.json" : $"lease-{Uri.EscapeDataString(network)}.json");

    /// <summary>
    /// The lease as last remembered, without end and, after a reboot, without its last revision; <see langword="null"/> if there is none.
    /// </summary>
    public Lease? Read()
    {
        if (FilePath is not { } path || !File.Exists(path)) return null;
        ReadOnlyMemory<byte> content = default;
        try
        {
            string? boot = ReadBoot();
            content = ReadContent(path);
            using JsonDocument document = JsonDocument.Parse(content);
            JsonElement root = document.RootElement;
            return new Lease
            {
                Key = SubnetKey.Parse(root.GetProperty(KeyName).GetString() ?? ""),
                CreateRevision = root.GetProperty(RevisionName).GetInt64(),
                ModRevision = boot is not null && root.TryGetProperty(BootName, out JsonElement written) && written.ValueEquals(boot)
                    ? root.GetProperty(WriteName).GetInt64()
                    : 0,
                Attributes = LeaseAttributes.Parse(Encoding.UTF8.GetBytes(root.GetProperty(DocumentName).GetRawText())),
            };
        }
        catch (Exception error) when (
            error is IOException or UnauthorizedAccessException or JsonException or FormatException or InvalidOperationException
                or KeyNotFoundException or ArgumentException)
        {
            Log.Unreadable(logger, path, VisibleText.Of(error is JsonException json ? JsonTrouble.Describe(content.Span, json) : error.Message));
            return null;
        }
    }

    /// <summary>Remembers a lease. What goes wrong is logged: it costs the memory, not the lease.</summary>
    public void Write(Lease lease)
    {
        if (FilePath is not { } path || !Directory.Exists(directory)) return;
        try
        {
            string write = ReadBoot() is { } boot ? $"\"{WriteName}\":{lease.ModRevision},\"{BootName}\":\"{boot}\"," : "";
            string content = $"{{\"{KeyName}\":\"{lease.Key}\",\"{RevisionName}\":{lease.CreateRevision}," +
                $"{write}\"{DocumentName}\":{lease.Attributes.ToJson()}}}\n";
            if (content == _written) return;
            if (RegularFile.Refuse(path) is { } found) throw new IOException($"{path} is {found}; remove it.");
            string temporary = path + ".new";
            // What a crash left there may be anything.
            File.Delete(temporary);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var file = new FileStream(temporary, options))
            {
                file.Write(Encoding.UTF8.GetBytes(content));
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            _written = content;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.NotWritten(logger, path, VisibleText.Of(error.Message));
        }
    }

    private static ReadOnlyMemory<byte> ReadContent(string path)
    {
        using FileStream file = RegularFile.OpenRead(path);
        byte[] content = new byte[MaxBytes];
        return content.AsMemory(0, file.ReadAtLeast(content, MaxBytes, throwOnEndOfStream: false));
    }

    private string? ReadBoot() => File.Exists(bootFile) && Guid.TryParse(File.ReadAllText(bootFile), out Guid boot) ? boot.ToString() : null;

    /// <summary>Forgets the lease, which was given back.</summary>
    public void Delete()
    {
        if (FilePath is { } path && Directory.Exists(directory)) File.Delete(path);
    }
}
