namespace Flannel.Cni;

/// <summary>A network configuration cannot be used.</summary>
/// <param name="path">The file or folder, or <see langword="null"/> for a text.</param>
/// <param name="reason">What is wrong with it.</param>
/// <param name="code">What kind of wrong.</param>
/// <param name="innerException">What caused it.</param>
public sealed class CniConfigException(
    string? path, string reason, CniErrorCode code = CniErrorCode.InvalidConfiguration, Exception? innerException = null)
    : CniException(
        code,
        path is null ? $"The network configuration cannot be used: {reason}" : $"{path} cannot be used as network configuration: {reason}",
        null,
        innerException)
{
    /// <summary>The file or folder, or <see langword="null"/> for a text.</summary>
    public string? Path { get; } = path;

    /// <summary>What is wrong with it.</summary>
    public string Reason { get; } = reason;
}
