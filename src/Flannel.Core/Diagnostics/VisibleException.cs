using Flannel.Extensibility;

namespace Flannel.Core.Diagnostics;

/// <summary>Stands for an error whose message, or a cause's, is not to be shown as it is.</summary>
/// <param name="error">The error.</param>
/// <param name="depth">Of how many errors it is the cause.</param>
internal sealed class VisibleException(Exception error, int depth = 0)
    : Exception(VisibleText.Of($"{error.GetType()}: {error.Message}", VisibleText.MaxMessage), CauseOf(error, depth))
{
    // A chain that is longer says nothing more.
    private const int MaxDepth = 8;

    private readonly string? _stackTrace = error.StackTrace;

    /// <inheritdoc/>
    public override string? StackTrace => _stackTrace;

    /// <summary>Whether an error may be shown as it is, with its causes.</summary>
    public static bool IsVisible(Exception error) => IsVisible(error, 0);

    private static bool IsVisible(Exception error, int depth)
    {
        string message = error.Message; // some make another one each time
        return depth < MaxDepth
            && ReferenceEquals(VisibleText.Of(message, VisibleText.MaxMessage), message)
            && Array.TrueForAll(CausesOf(error), cause => IsVisible(cause, depth + 1));
    }

    private static Exception? CauseOf(Exception error, int depth)
    {
        Exception[] causes = [.. CausesOf(error).Take(MaxDepth)];
        if (causes.Length == 0 || depth + 1 >= MaxDepth) return null;
        Exception[] shown = [.. causes.Select(cause => IsVisible(cause, depth + 1) ? cause : new VisibleException(cause, depth + 1))];
        return shown.Length == 1 ? shown[0] : new AggregateException(shown);
    }

    private static Exception[] CausesOf(Exception error) =>
        error is AggregateException several ? [.. several.InnerExceptions] : error.InnerException is { } cause ? [cause] : [];
}
