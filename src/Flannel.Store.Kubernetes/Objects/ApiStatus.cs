namespace Flannel.Store.Kubernetes.Objects;

/// <summary>What the API server says instead of an object when it refuses.</summary>
/// <param name="Code">The HTTP status code.</param>
/// <param name="Reason">The reason in one word, such as <c>Expired</c>.</param>
/// <param name="Message">The reason in words.</param>
/// <param name="RetryAfter">How long to wait before the next attempt, in seconds; 0 if it does not say.</param>
/// <param name="Cause">The reason of the first cause, such as <c>ResourceVersionTooLarge</c>.</param>
internal sealed record ApiStatus(int Code, string Reason, string Message, int RetryAfter = 0, string Cause = "");
