using Flannel.Extensibility;

namespace Flannel.Core.Tests.Reconciliation;

/// <summary>A kernel that is a dictionary: it records every call and fails where it is told to.</summary>
internal sealed class FakeTarget : IReconcileTarget<string, int>
{
    private readonly Lock _gate = new();

    public Dictionary<string, int> Kernel { get; } = [];

    public HashSet<string> Broken { get; } = [];

    public bool IsUnreadable { get; set; }

    public List<string> Log { get; } = [];

    /// <summary>Runs inside <see cref="Apply"/>, after the changes were carried out and before the reconciler hears of it.</summary>
    public Action? AfterApply { get; set; }

    public IComparer<string> Order => StringComparer.Ordinal;

    public IReadOnlyDictionary<string, int> Read(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            Log.Add("read");
            return IsUnreadable ? throw new IOException("cannot read") : new Dictionary<string, int>(Kernel);
        }
    }

    public void Apply(
        IReadOnlyList<ReconcileChange<string, int>> changes, IDictionary<string, Exception> failures, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (ReconcileChange<string, int> change in changes)
            {
                Log.Add(change.IsRemoval ? $"-{change.Key}" : $"+{change.Key}={change.Entry}");
                if (Broken.Contains(change.Key)) failures[change.Key] = new IOException($"{change.Key} is broken");
                else if (change.IsRemoval) Kernel.Remove(change.Key);
                else Kernel[change.Key] = change.Entry;
            }
        }

        AfterApply?.Invoke();
    }

    public void Edit(Action<Dictionary<string, int>> edit)
    {
        lock (_gate) edit(Kernel);
    }

    public string[] TakeLog()
    {
        lock (_gate)
        {
            string[] log = [.. Log];
            Log.Clear();
            return log;
        }
    }
}
