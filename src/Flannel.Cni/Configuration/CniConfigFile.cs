using System.Text.Json;
using Flannel.Cni.Configuration;
using Flannel.Core.Json;

namespace Flannel.Cni;

/// <summary>Files of network configurations in the folder where container runtimes look at any moment.</summary>
public static class CniConfigFile
{
    /// <summary>Copies a configuration: all at once, with its permissions, and only if it is JSON. The folder is made if there is none.</summary>
    /// <param name="from">The file to copy.</param>
    /// <param name="to">The file to write, such as <c>/etc/cni/net.d/10-network.conflist</c>.</param>
    /// <exception cref="JsonException">What is to be copied is no JSON, and the message says where and why; nothing is changed.</exception>
    /// <exception cref="IOException">
    /// One of them cannot be read or written, or is no regular file, or there are more than 1,048,576 bytes.
    /// </exception>
    /// <exception cref="UnauthorizedAccessException">The process may not.</exception>
    public static void Install(string from, string to)
    {
        ArgumentNullException.ThrowIfNull(from);
        to = Path.GetFullPath(to);
        if (Directory.Exists(to)) throw new IOException($"{to} is a folder; name the file, such as {Path.Combine(to, Path.GetFileName(from))}");
        (byte[] content, UnixFileMode mode) = CniFile.ReadWithMode(from, ConfigFile.MaxBytes);
        RequireJson(content);
        string folder = Path.GetDirectoryName(to)!;
        Directory.CreateDirectory(folder);
        string temporary = Path.Combine(folder, $".{Path.GetFileName(to)}.new"); // runtimes take names that end in conf, conflist or json
        try
        {
            File.Delete(temporary); // of a copy that was interrupted
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = mode;
            using (var file = new FileStream(temporary, options))
            {
                if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file.SafeFileHandle, mode); // whatever the umask is
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

    private static void RequireJson(byte[] content)
    {
        try
        {
            using (JsonDocument.Parse(content))
            {
            }
        }
        catch (JsonException exception)
        {
            throw new JsonException(JsonTrouble.Describe(content, exception), exception);
        }
    }
}
