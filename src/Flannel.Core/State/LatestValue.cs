using System.Runtime.CompilerServices;

namespace Flannel.Extensibility;

/// <summary>
/// A value that changes over time and can be watched by any number of readers. Each reader sees the current value first; a slow one misses
/// intermediate values, never the last, so nothing queues up.
/// </summary>
/// <typeparam name="T">An immutable value.</typeparam>
public sealed class LatestValue<T>
{
    private readonly IEqualityComparer<T> _comparer;
    private readonly Lock _gate = new();
    private T _value;
    private bool _isComplete;
    private TaskCompletionSource _next = NewSignal();

    /// <summary>Creates the cell.</summary>
    /// <param name="initial">The first value.</param>
    /// <param name="comparer">Tells whether a value is news; <see langword="null"/> for the type's own equality.</param>
    public LatestValue(T initial, IEqualityComparer<T>? comparer = null) => (_value, _comparer) = (initial, comparer ?? EqualityComparer<T>.Default);

    /// <summary>The current value.</summary>
    public T Value
    {
        get
        {
            lock (_gate) return _value;
        }
    }

    /// <summary>Replaces the value and wakes the readers. An equal value wakes nobody.</summary>
    /// <param name="value">The new value.</param>
    public void Publish(T value) => Update(static (_, next) => next, value);

    /// <summary>Derives the new value from the current one in one step, and wakes the readers if it differs.</summary>
    /// <param name="update">Makes the new value; runs under the cell's lock, so it must be quick and call nothing else.</param>
    /// <param name="argument">Handed to <paramref name="update"/>.</param>
    /// <typeparam name="TArgument">The argument's type.</typeparam>
    public void Update<TArgument>(Func<T, TArgument, T> update, TArgument argument)
    {
        ArgumentNullException.ThrowIfNull(update);
        TaskCompletionSource signal;
        lock (_gate)
        {
            if (_isComplete) return;
            T next = update(_value, argument);
            if (_comparer.Equals(next, _value)) return;
            _value = next;
            signal = _next;
            _next = NewSignal();
        }

        signal.SetResult();
    }

    /// <summary>Ends every reader's sequence after the current value. Later values are ignored.</summary>
    public void Complete()
    {
        TaskCompletionSource signal;
        lock (_gate)
        {
            if (_isComplete) return;
            _isComplete = true;
            signal = _next;
        }

        signal.SetResult();
    }

    /// <summary>Delivers the current value and then each newer one, until <see cref="Complete"/> or cancellation.</summary>
    /// <param name="cancellationToken">Ends the sequence with an <see cref="OperationCanceledException"/>.</param>
    public async IAsyncEnumerable<T> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            T value;
            Task next;
            bool isLast;
            lock (_gate) (value, next, isLast) = (_value, _next.Task, _isComplete);

            yield return value;
            if (isLast) yield break;
            await next.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
