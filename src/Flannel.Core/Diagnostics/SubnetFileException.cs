namespace Flannel;

/// <summary>The subnet file cannot be read or written. A file that was there before is still there, unchanged.</summary>
public sealed class SubnetFileException : FlannelException
{
    internal SubnetFileException(string path, string message, Exception? innerException = null)
        : base(message, innerException) => Path = path;

    /// <summary>The file's path.</summary>
    public string Path { get; }

    /// <inheritdoc />
    public override bool IsTransient => true;
}
