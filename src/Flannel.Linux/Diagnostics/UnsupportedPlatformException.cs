namespace Flannel;

/// <summary>The process runs on an operating system whose network this package cannot program.</summary>
public sealed class UnsupportedPlatformException : FlannelException
{
    internal UnsupportedPlatformException(string platform)
        : base($"Flannel.Linux works on the Linux kernel, but the process runs on {platform}. Run it on Linux 5.10 or later (WSL 2 will do), " +
               "or use the backend alloc with an IHostNetwork of your own.") => Platform = platform;

    /// <summary>The operating system that was found.</summary>
    public string Platform { get; }
}
