using System.Text.Json;
using Flannel.Extensibility;

namespace Flanneld.Cni;

/// <summary>
/// <c>flanneld install-conf</c>, which an init container runs: copies CNI's configuration from a ConfigMap to the folder where the container runtime looks for
/// it. The runtime may look at any moment, so the file appears all at once, and what is no JSON does not replace what is there.
/// </summary>
internal static class InstallConfCommand
{
    private const int MaxBytes = 1024 * 1024; // what a ConfigMap can hold

    private const string Usage =
        """
        usage: flanneld install-conf FROM TO

        Copies CNI's configuration, such as /etc/kube-flannel/cni-conf.json, to the container runtime's folder, such as
        /etc/cni/net.d/10-flannel.conflist: all at once, with its permissions.

        """;

    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> arguments, TextWriter errors)
    {
        if (arguments is not [{ Length: > 0 } from, { Length: > 0 } to] || from[0] == '-' || to[0] == '-')
        {
            errors.Write(Usage);
            return 1;
        }

        try
        {
            Install(from, Path.GetFullPath(to));
            return 0;
        }
        catch (JsonException exception)
        {
            errors.WriteLine($"flanneld install-conf: {from} is no JSON: {exception.Message} {to} stays as it is.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"flanneld install-conf: {from} cannot be copied to {to}: {exception.Message}");
        }

        return 1;
    }

    private static void Install(string from, string to)
    {
        if (Directory.Exists(to)) throw new IOException($"{to} is a folder; name the file, such as {Path.Combine(to, "10-flannel.conflist")}");
        (byte[] content, UnixFileMode mode) = Read(from);
        using (JsonDocument.Parse(content))
        {
        }

        string folder = Path.GetDirectoryName(to)!;
        Directory.CreateDirectory(folder);
        string temporary = Path.Combine(folder, $".{Path.GetFileName(to)}.new"); // runtimes take names that end in conf, conflist or json
        try
        {
            File.Delete(temporary); // of a copy that was interrupted
            using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
            {
                File.SetUnixFileMode(file.SafeFileHandle, mode); // whatever the umask is
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, to, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static (byte[] Content, UnixFileMode Mode) Read(string path)
    {
        if (Directory.Exists(path)) throw new IOException($"{path} is a folder");
        using FileStream file = RegularFile.OpenRead(path);
        byte[] content = new byte[MaxBytes + 1];
        int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return length <= MaxBytes
            ? (content[..length], File.GetUnixFileMode(file.SafeFileHandle))
            : throw new IOException($"{path} has more than {MaxBytes} bytes, so it is no configuration of CNI");
    }
}
