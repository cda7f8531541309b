using System.Net;

namespace Flannel;

/// <summary>The Kubernetes API could not be reached, or refused a request.</summary>
public sealed class KubernetesApiException : StoreException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was asked, what was answered, and what to do.</param>
    /// <param name="isTransient">Whether the same request may succeed later.</param>
    /// <param name="statusCode">The status of the answer, or <see langword="null"/> if there was none.</param>
    /// <param name="innerException">The cause, if another exception was the cause.</param>
    public KubernetesApiException(string message, bool isTransient, HttpStatusCode? statusCode = null, Exception? innerException = null)
        : base(message, isTransient, innerException) => StatusCode = statusCode;

    /// <summary>The status of the answer, or <see langword="null"/> if there was none.</summary>
    public HttpStatusCode? StatusCode { get; }

    /// <summary>How long the server asks to wait before the next attempt.</summary>
    internal TimeSpan? RetryAfter { get; init; }

    /// <summary>The server's reason in one word.</summary>
    internal string Reason { get; init; } = "";

    /// <summary>Whether the version that was asked for is too old to watch or to list from.</summary>
    internal bool IsExpired => StatusCode == HttpStatusCode.Gone;

    /// <summary>Whether there was no sign of life.</summary>
    internal bool IsSilent { get; init; }

    /// <summary>Whether the version that was asked for is newer than what this server has.</summary>
    internal bool IsTooNew { get; init; }
}
