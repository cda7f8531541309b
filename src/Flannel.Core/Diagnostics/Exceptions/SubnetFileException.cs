namespace Flannel;

/// <summary>The subnet file cannot be read or written. A file that was there before is still there, unchanged.</summary>
public sealed class SubnetFileException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="path">The file's path.</param>
    /// <param name="message">What was asked, what was found, what to do.</param>
    /// <param name="innerException">The cause, if another exception was the cause.</param>
    public SubnetFileException(string path, string message, Exception? innerException = null)
        : base(message, innerException) => Path = path;

    /// <summary>The file's path.</summary>
    public string Path { get; }

    /// <inheritdoc />
    public override bool IsTransient => true;
}
