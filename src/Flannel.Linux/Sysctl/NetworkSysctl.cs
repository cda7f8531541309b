using System.Runtime.Versioning;
using Flannel.Linux.Interop;

namespace Flannel.Extensibility;

/// <summary>
/// The kernel's network settings (<c>/proc/sys/net</c>) of the calling thread's network namespace. For another namespace call it inside:
/// <c>host.Run(() =&gt; NetworkSysctl.Write("ipv4/ip_forward", "1"))</c>.
/// </summary>
/// <remarks>
/// Keys are written as sysctl(8) takes them, with or without the leading <c>net</c>. If the first separator is a slash, dots are ordinary characters
/// (<c>ipv4/conf/eth0.100/forwarding</c>); if it is a dot, a slash stands for a dot in a device's name (<c>net.ipv4.conf.eth0/100.forwarding</c>).
/// </remarks>
[SupportedOSPlatform("linux")]
public static class NetworkSysctl
{
    private const string Root = "/proc/sys/net/";

    /// <summary>Reads a setting.</summary>
    /// <param name="key">The setting, for example <c>ipv4/ip_forward</c>.</param>
    /// <exception cref="ArgumentException">The key is empty or leaves <c>/proc/sys/net</c>.</exception>
    public static SysctlResult Read(string key)
    {
        string path = PathOf(key);
        SysctlStatus status = TryRead(path, out string? value);
        return new SysctlResult(NameOf(path), status, value);
    }

    /// <summary>
    /// Gives a setting a value. A setting that has it already is not written, so this succeeds where <c>/proc/sys</c> is read-only but as desired.
    /// </summary>
    /// <param name="key">The setting, for example <c>ipv4/ip_forward</c>.</param>
    /// <param name="value">The value in the kernel's spelling, for example <c>1</c>.</param>
    /// <exception cref="ArgumentException">The key is empty or leaves <c>/proc/sys/net</c>.</exception>
    public static SysctlResult Write(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        string path = PathOf(key);
        SysctlStatus status = TryRead(path, out string? before);
        if (status == SysctlStatus.NotFound || (status == SysctlStatus.Ok && before == value))
            return new SysctlResult(NameOf(path), status, before);

        status = TryWrite(path, value);
        _ = TryRead(path, out string? after);
        return new SysctlResult(NameOf(path), status, after);
    }

    private static SysctlStatus TryRead(string path, out string? value)
    {
        value = null;
        try
        {
            value = File.ReadAllText(path).TrimEnd('\n');
            return SysctlStatus.Ok;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return StatusOf(exception);
        }
    }

    private static SysctlStatus TryWrite(string path, string value)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(System.Text.Encoding.UTF8.GetBytes(value)); // in one write(2): the kernel parses each write as a whole
            return SysctlStatus.Ok;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return StatusOf(exception);
        }
    }

    private static SysctlStatus StatusOf(Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => SysctlStatus.NotFound,
        UnauthorizedAccessException => SysctlStatus.Denied,
        _ when exception.HResult == LinuxErrno.EROFS => SysctlStatus.Denied, // .NET keeps the errno of an IOException there
        _ => SysctlStatus.InvalidValue,
    };

    private static string PathOf(string key)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        int first = key.AsSpan().IndexOfAny('/', '.');
        string relative = first >= 0 && key[first] == '.' ? Swap(key) : key;
        if (relative.StartsWith("net/", StringComparison.Ordinal))
            relative = relative["net/".Length..];

        return relative.Split('/').Any(static part => part is "" or "." or "..")
            ? throw new ArgumentException($"'{key}' does not name a setting below net, such as ipv4/ip_forward.", nameof(key))
            : Root + relative;
    }

    private static string NameOf(string path) => Swap(path["/proc/sys/".Length..]);

    private static string Swap(string text) =>
        string.Create(text.Length, text, static (target, source) =>
        {
            for (int i = 0; i < source.Length; i++)
                target[i] = source[i] switch { '/' => '.', '.' => '/', var other => other };
        });
}
