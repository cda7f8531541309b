using System.Diagnostics.CodeAnalysis;

namespace Flannel.Testing.Contracts;

/// <summary>What a case expects. Messages are findings: what was asked, what came.</summary>
internal static class Expect
{
    private static readonly TimeSpan LookPause = TimeSpan.FromMilliseconds(5);

    public static void That([DoesNotReturnIf(false)] bool holds, string finding)
    {
        if (!holds) throw new BrokenRuleException(finding);
    }

    public static void Same<T>(T expected, T actual, string what) =>
        That(EqualityComparer<T>.Default.Equals(expected, actual), $"{what}: expected {expected}, found {actual}.");

    public static void SameSet<T>(IEnumerable<T> expected, IEnumerable<T> actual, string what)
    {
        (T[] wanted, T[] found) = ([.. expected], [.. actual]);
        That(
            wanted.Length == found.Length && wanted.ToHashSet().SetEquals(found),
            $"{what}: expected [{string.Join(", ", wanted)}], found [{string.Join(", ", found)}].");
    }

    /// <summary>Waits for the result of a call, but not for ever.</summary>
    public static async Task<T> InTimeAsync<T>(Task<T> task, string what, TimeSpan patience)
    {
        try
        {
            return await task.WaitAsync(patience, TimeProvider.System);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            throw new BrokenRuleException($"{what} did not happen within {patience.TotalSeconds} s.");
        }
    }

    /// <summary>Waits for the end of a call, but not for ever.</summary>
    public static Task InTimeAsync(Task task, string what, TimeSpan patience) => InTimeAsync(ToResultAsync(task), what, patience);

    /// <summary>Waits until a condition holds.</summary>
    public static async Task EventuallyAsync(Func<bool> condition, Func<string> finding, TimeSpan patience)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            That(TimeProvider.System.GetElapsedTime(start) < patience, $"{finding()} This stayed so for {patience.TotalSeconds} s.");
            await Task.Delay(LookPause, TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Expects a call to end by an exception of a kind.</summary>
    public static async Task<TException> ThrowsAsync<TException>(Func<Task> call, string what, TimeSpan patience)
        where TException : Exception
    {
        try
        {
            await InTimeAsync(call(), what, patience);
        }
        catch (TException expected)
        {
            return expected;
        }
        catch (Exception other) when (other is not BrokenRuleException)
        {
            throw new BrokenRuleException($"{what}: expected {typeof(TException).Name}, got {other.GetType().Name}: {other.Message}");
        }

        throw new BrokenRuleException($"{what}: expected {typeof(TException).Name}, but it returned.");
    }

    private static async Task<bool> ToResultAsync(Task task)
    {
        await task;
        return true;
    }
}
