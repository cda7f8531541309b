using Flannel.Simulation.Scheduling;

namespace Flannel.Simulation.Models;

/// <summary>
/// A host's kernel: one device and the entries over it. It outlives the processes that write to it; others write to it, too, and whoever listens
/// hears of that a moment later, or never.
/// </summary>
internal sealed class SimulatedKernel(Scheduler scheduler)
{
    private const int EventLimit = 8;

    private readonly Queue<(KernelKey Key, string? Value)> _events = new();
    private KernelMonitor? _monitor;
    private bool _isDelivering;
    private bool _hasOverflowed;

    public SortedDictionary<KernelKey, string> Entries { get; } = [];

    /// <summary>The device's hardware address; <see langword="null"/> without a device.</summary>
    public string? Mac { get; set; }

    /// <summary>Whether somebody insists on the hardware address that the device has.</summary>
    public bool IsMacForced { get; set; }

    public bool RefusesReads { get; set; }

    public bool RefusesWrites { get; set; }

    /// <summary>Whether notifications get lost without a word.</summary>
    public bool LosesEvents { get; set; }

    /// <summary>Whether it does not do what it is asked for.</summary>
    public bool IsRefusing => RefusesReads || RefusesWrites;

    /// <summary>How many entries were written or removed by the node.</summary>
    public int Writes { get; set; }

    public void Listen(KernelMonitor? monitor)
    {
        _monitor = monitor;
        _events.Clear();
        _hasOverflowed = false;
    }

    /// <summary>Somebody else writes or removes an entry.</summary>
    public void Tamper(KernelKey key, string? value)
    {
        if (Mac is null) return;
        if (value is null) Entries.Remove(key);
        else Entries[key] = value;
        Notify(key, value);
    }

    /// <summary>Somebody deletes the device, and its entries go with it.</summary>
    public void DeleteDevice()
    {
        Mac = null;
        Entries.Clear();
        Notify(default, null);
    }

    /// <summary>Somebody gives the device another hardware address.</summary>
    public void ChangeMac(string mac)
    {
        if (Mac is null) return;
        Mac = mac;
        Notify(default, null);
    }

    /// <summary>The host starts again.</summary>
    public void Reboot()
    {
        (Mac, IsMacForced) = (null, false);
        Entries.Clear();
        Listen(null);
    }

    /// <summary>More happens at once than a listener's buffer holds.</summary>
    public void Overflow()
    {
        _hasOverflowed = true;
        Deliver();
    }

    private void Notify(KernelKey key, string? value)
    {
        if (_monitor is null || LosesEvents) return;
        if (_events.Count < EventLimit) _events.Enqueue((key, value));
        else _hasOverflowed = true;
        Deliver();
    }

    private void Deliver()
    {
        if (_isDelivering || _monitor is not { } monitor) return;
        _isDelivering = true;
        scheduler.Soon("notification", null, () =>
        {
            _isDelivering = false;
            if (_monitor != monitor) return;
            scheduler.After(TimeSpan.Zero, "heard", monitor.Process, () => Hear(monitor));
        });
    }

    private void Hear(KernelMonitor monitor)
    {
        if (_monitor != monitor) return;
        if (_hasOverflowed)
        {
            _hasOverflowed = false;
            _events.Clear();
            monitor.OnLost();
        }
        else if (_events.TryDequeue(out (KernelKey Key, string? Value) heard))
        {
            if (heard.Key == default) monitor.OnDamage();
            else monitor.OnEntry(heard.Key, heard.Value);
        }

        if (_events.Count > 0 || _hasOverflowed) Deliver();
    }
}
