using Flannel.Extensibility;

namespace Flannel.Simulation.Models;

/// <summary>The kernel as the reconciler reads and writes it.</summary>
internal sealed class KernelTarget(SimulatedHost host, NodeLife life, SimulatedNetwork network) : IReconcileTarget<KernelKey, string>
{
    private readonly SimulatedKernel _kernel = host.Kernel;

    public IComparer<KernelKey> Order => Comparer<KernelKey>.Default;

    public IReadOnlyDictionary<KernelKey, string> Read(CancellationToken cancellationToken)
    {
        if (_kernel.RefusesReads) throw new IOException("The kernel does not answer (ENOBUFS).");
        network.EnsureDevice();
        return new Dictionary<KernelKey, string>(_kernel.Entries);
    }

    public void Apply(
        IReadOnlyList<ReconcileChange<KernelKey, string>> changes, IDictionary<KernelKey, Exception> failures, CancellationToken cancellationToken)
    {
        foreach (ReconcileChange<KernelKey, string> change in changes)
        {
            if (host.DiesBeforeWrite())
                life.Process.Kill();
            if (life.Process.IsDead)
                return;
            if (_kernel.Mac is null)
                failures[change.Key] = new IOException("There is no such device (ENODEV).");
            else if (_kernel.RefusesWrites && host.Random.Next(4) > 0)
                failures[change.Key] = new IOException("The kernel is busy (EBUSY).");
            else
                Apply(change);
        }
    }

    private void Apply(in ReconcileChange<KernelKey, string> change)
    {
        host.Rules.CheckKernelWrite(host, life, change);
        _kernel.Writes++;
        if (change.IsRemoval) _kernel.Entries.Remove(change.Key);
        else _kernel.Entries[change.Key] = change.Entry;
    }
}
