using System.Net;
using Flannel.Simulation.Rules;
using Flannel.Simulation.Runs;
using Flannel.Testing;

namespace Flannel.Simulation.Models;

/// <summary>One host: its kernel and its way to the store, which stay, and the process of its node, which comes and goes.</summary>
internal sealed class SimulatedHost
{
    /// <summary>The overlay's range.</summary>
    public const string OverlayNetwork = "10.5.0.0/16";

    /// <summary>How long leases live: short, so that many end within a run.</summary>
    public static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(60);

    /// <summary>How long a peer is kept whose lease is gone.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <summary>How long a stop may take: five seconds, and what timers are late.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5.2);

    /// <summary>The number of the first host's twin; the twins of the others follow.</summary>
    public const int FirstTwin = 8;

    private readonly World _world;
    private int _macs;
    private int? _writesToDeath;

    public SimulatedHost(World world, int number, StateDirectory? state)
        : this(world, number, state, IPAddress.Parse($"192.168.100.{number + 1}"))
    {
    }

    private SimulatedHost(World world, int number, StateDirectory? state, IPAddress address)
    {
        (_world, Number, State) = (world, number, state);
        Kernel = new SimulatedKernel(world.Scheduler);
        Addresses = [address];
        Interface = new InMemoryHostNetwork(address.ToString());
    }

    public int Number { get; }

    public string Name => $"host {Number}";

    /// <summary>Another host that was given this one's address; <see langword="null"/> if there never was one.</summary>
    public SimulatedHost? Twin { get; private set; }

    /// <summary>Whether there is or was another host that had the same address.</summary>
    public bool HasDuplicate => Twin is not null || Number >= FirstTwin;

    /// <summary>Whether the host is gone for good.</summary>
    public bool IsGone { get; private set; }

    /// <summary>What the node remembers; <see langword="null"/> if it remembers nothing.</summary>
    public StateDirectory? State { get; }

    public SimulatedKernel Kernel { get; }

    public StoreLink Link { get; } = new();

    public InMemoryHostNetwork Interface { get; }

    /// <summary>Every address that the host has had, the present one last.</summary>
    public List<IPAddress> Addresses { get; }

    public TimeSpan WallClockShift { get; set; }

    /// <summary>The process, or <see langword="null"/> while none runs.</summary>
    public NodeLife? Life { get; private set; }

    public bool IsStopping { get; private set; }

    public SafetyRules Rules => _world.Safety;

    public Random Random => _world.Scheduler.Random;

    public TimeSpan Now => _world.Scheduler.Now;

    /// <summary>The node, if its process runs and is meant to go on.</summary>
    public NodeLife? Running => IsStopping || Life is { Process.IsPaused: true } or { Process.IsDead: true } ? null : Life;

    /// <summary>Whether something is done to the host or its way to the store, so that it may be late.</summary>
    public bool IsDisturbed => Link.IsDisturbed || Running is null || _world.Store.IsFull;

    public string NewMac() => $"02:00:00:00:{Number:x2}:{++_macs:x2}";

    public void Start()
    {
        if (Life is { Process.IsDead: true }) Crash();
        if (Life is not null || IsGone) return;
        Interface.Move(Addresses[^1]);
        Life = new NodeLife(this, _world);
        _ = Life.Node.StartAsync();
    }

    /// <summary>Gives another host this one's address.</summary>
    /// <param name="state">What the other one's node remembers.</param>
    public SimulatedHost AddTwin(StateDirectory? state)
    {
        Twin = new SimulatedHost(_world, FirstTwin + Number, state, Addresses[^1]);
        _world.Twins.Add(Twin);
        return Twin;
    }

    /// <summary>Starts the host again, with an empty kernel, when somebody starts its node.</summary>
    public void Reboot()
    {
        Crash();
        Kernel.Reboot();
        State?.Reboot();
    }

    /// <summary>Goes away for good: stopped as said, or switched off.</summary>
    public void Leave(StopMode? mode)
    {
        IsGone = true;
        if (mode is { } how && Running is not null) Stop(how);
        else Crash();
    }

    /// <summary>Ends the process as SIGKILL does.</summary>
    public void Crash()
    {
        Life?.Process.Kill();
        Forget();
    }

    /// <summary>Ends the process in the middle of what it writes to the kernel.</summary>
    public void CrashWhileWriting() => _writesToDeath = Random.Next(3);

    /// <summary>Whether the process ends before its next write to the kernel.</summary>
    public bool DiesBeforeWrite()
    {
        if (_writesToDeath is not { } left) return false;
        _writesToDeath = left - 1;
        return left <= 0;
    }

    /// <summary>Stops the process as SIGSTOP does. One that is about to end is left alone, so that it can be seen to end in time.</summary>
    public void Pause() => Running?.Process.Pause();

    public void Resume()
    {
        if (Life is { } life) _world.Scheduler.Resume(life.Process);
    }

    /// <summary>Stops the node, and then its process.</summary>
    public void Stop(StopMode mode)
    {
        if (Running is not { } life) return;
        IsStopping = true;
        Task stop = life.Node.EndAsync(mode, CancellationToken.None);
        _world.Scheduler.After(StopLimit, "stopped", life.Process, () =>
        {
            if (!stop.IsCompleted) life.Report("the node did not stop within five seconds");
            else if (stop.Exception is { } error) life.Report($"stopping failed: {error}");
            else Forget();
        });
    }

    /// <summary>The way to the store is free again; what was sent meanwhile is sent once more, or its connection breaks.</summary>
    public void Reconnect()
    {
        if (Life is not { } life) return;
        if (Random.Next(2) == 0) life.Store.Break("The connection timed out.");
        foreach (StoreWatch watch in _world.Store.Watches.Where(watch => watch.IsOf(life.Process)).ToArray()) watch.Send();
    }

    public void Move()
    {
        var address = IPAddress.Parse($"192.168.{101 + Addresses.Count}.{Number + 1}");
        Addresses.Add(address);
        // A process that is paused hears of it when it goes on.
        if (Life is { } life) _world.Scheduler.Soon("moved", life.Process, () => Interface.Move(Addresses[^1]));
        else Interface.Move(address);
    }

    private void Forget()
    {
        if (Life is not { } life) return;
        life.Process.End();
        Kernel.Listen(null);
        (Life, IsStopping, _writesToDeath) = (null, false, null);
    }
}
