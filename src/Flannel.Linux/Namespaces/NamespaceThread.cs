using System.Runtime.ExceptionServices;

namespace Flannel.Linux.Namespaces;

/// <summary>
/// A thread that serves one function and ends. Namespaces are a property of the thread: one that has changed its own must never come back to a pool.
/// </summary>
internal static class NamespaceThread
{
    /// <summary>Runs the function on a new thread while the caller waits; its exception reaches the caller with its stack.</summary>
    internal static T Run<T>(Func<T> function)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = function();
            }
            catch (Exception exception) // the top of a thread: the caller decides
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        })
        {
            IsBackground = true,
            Name = "network namespace",
        };

        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }
}
