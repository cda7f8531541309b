using System.Runtime.InteropServices;
using Flannel.Cni.Interop;

namespace Flannel.Cni.Processes;

/// <summary>One child: started by posix_spawn, which copies no memory of a large host, read and waited for in one loop.</summary>
internal sealed unsafe class ChildProcess : IDisposable
{
    /// <summary>Far beyond any result; a plugin that writes more writes something else.</summary>
    public const int MaxOutput = 1024 * 1024;

    /// <summary>What is kept of the standard error.</summary>
    public const int MaxErrors = 64 * 1024;

    private const int BlindPoll = 5; // milliseconds between looks at a child that cannot be polled

    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(1);

    // One that hangs inside the kernel outlives SIGKILL. Nobody waits for it any longer; what is left of it goes when this process does.
    private static readonly TimeSpan LongestDeath = TimeSpan.FromSeconds(5);

    private readonly bool _ownGroup;
    private readonly Descriptor _output;
    private readonly Descriptor _errors;
    private readonly Descriptor _handle;
    private readonly int _id;
    private bool _ended;

    private ChildProcess(string path, int id, bool ownGroup, Descriptor output, Descriptor errors)
    {
        _id = id;
        _ownGroup = ownGroup;
        _output = output;
        _errors = errors;
        _handle = new Descriptor((int)Libc.pidfd_open(Libc.SYS_pidfd_open, id, 0));
    }

    public static ChildProcess Start(CniProcessStart start, bool ownGroup)
    {
        using Descriptor input = InputOf(start);
        (Descriptor output, Descriptor outputEnd) = Pipe(start);
        using (outputEnd)
        {
            try
            {
                (Descriptor errors, Descriptor errorsEnd) = Pipe(start);
                using (errorsEnd)
                {
                    try
                    {
                        int id = Spawn(start, ownGroup, input.Number, outputEnd.Number, errorsEnd.Number);
                        return new ChildProcess(start.Path, id, ownGroup, output, errors);
                    }
                    catch
                    {
                        errors.Dispose();
                        throw;
                    }
                }
            }
            catch
            {
                output.Dispose();
                throw;
            }
        }
    }

    /// <summary>Reads what it says until it ends, is too late, says too much or is cancelled.</summary>
    public CniProcessResult Wait(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        using Descriptor cancelled = cancellationToken.CanBeCanceled ? new Descriptor(Libc.eventfd(0, Libc.EFD_CLOEXEC)) : new Descriptor(-1);
        using CancellationTokenRegistration registration = cancellationToken.CanBeCanceled
            ? cancellationToken.Register(() => Signal(cancelled))
            : default;
        var output = new Capture(MaxOutput + 1);
        var errors = new Capture(MaxErrors);
        Libc.PollEntry* set = stackalloc Libc.PollEntry[4];
        set[0] = new Libc.PollEntry { fd = _output.Number, events = Libc.POLLIN };
        set[1] = new Libc.PollEntry { fd = _errors.Number, events = Libc.POLLIN };
        set[2] = new Libc.PollEntry { fd = _handle.Number, events = Libc.POLLIN };
        set[3] = new Libc.PollEntry { fd = cancelled.Number, events = Libc.POLLIN };
        while (true)
        {
            TimeSpan left = limit - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero) return Killed(CniProcessEnding.TimedOut, output, errors);
            TimeSpan wait = left < LongestPoll ? left : LongestPoll;
            // A kernel without pidfd_open, or a sandbox that refuses it, has to be asked again and again.
            Poll(set, 4, _handle.IsInvalid ? BlindPoll : (int)Math.Ceiling(wait.TotalMilliseconds));
            if (cancellationToken.IsCancellationRequested)
            {
                Kill();
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (set[0].revents != 0) output.ReadFrom(ref set[0]);
            if (set[1].revents != 0) errors.ReadFrom(ref set[1]);
            if (output.IsFull) return Killed(CniProcessEnding.OutputTooLong, output, errors);
            if ((set[2].revents == 0 && !_handle.IsInvalid) || !TryReap(out CniProcessEnding ending, out int code)) continue;

            // What it wrote is in the pipes. What its children may still write nobody waits for.
            Drain(set, output, errors);
            return output.IsFull
                ? new CniProcessResult(CniProcessEnding.OutputTooLong, 0, default, errors.Bytes)
                : new CniProcessResult(ending, code, output.Bytes, errors.Bytes);
        }
    }

    public void Dispose()
    {
        if (!_ended) Kill();
        _output.Dispose();
        _errors.Dispose();
        _handle.Dispose();
    }

    private static void Signal(Descriptor cancelled)
    {
        ulong one = 1;
        _ = Libc.write(cancelled.Number, (byte*)&one, sizeof(ulong));
    }

    private static void Poll(Libc.PollEntry* set, nuint count, int milliseconds)
    {
        if (Libc.poll(set, count, milliseconds) >= 0) return;
        int error = Marshal.GetLastPInvokeError();
        if (error != Libc.EINTR)
            throw new CniException(CniErrorCode.IoFailure, $"Waiting for a plugin failed: {Marshal.GetPInvokeErrorMessage(error)}.");
        for (nuint index = 0; index < count; index++) set[index].revents = 0;
    }

    private static void Drain(Libc.PollEntry* set, Capture output, Capture errors)
    {
        while (!output.IsFull)
        {
            Poll(set, 2, 0);
            if (set[0].revents == 0 && set[1].revents == 0) return;
            if (set[0].revents != 0) output.ReadFrom(ref set[0]);
            if (set[1].revents != 0) errors.ReadFrom(ref set[1]);
            if (errors.IsFull) set[1].fd = -1;
        }
    }

    private CniProcessResult Killed(CniProcessEnding ending, Capture output, Capture errors)
    {
        Kill();
        return new CniProcessResult(ending, 0, ending == CniProcessEnding.OutputTooLong ? default : output.Bytes, errors.Bytes);
    }

    // Its process group is its number: the kernel gives that to nobody else while the child is not waited for.
    private void Kill()
    {
        _ = Libc.kill(_ownGroup ? -_id : _id, Libc.SIGKILL);
        long started = TimeProvider.System.GetTimestamp();
        while (!TryReap(out _, out _) && TimeProvider.System.GetElapsedTime(started) < LongestDeath)
        {
            Libc.PollEntry ended = new() { fd = _handle.Number, events = Libc.POLLIN };
            Poll(&ended, 1, _handle.IsInvalid ? BlindPoll : (int)LongestPoll.TotalMilliseconds);
        }
    }

    private bool TryReap(out CniProcessEnding ending, out int code)
    {
        int status = 0;
        int reaped;
        do
        {
            reaped = Libc.waitpid(_id, &status, Libc.WNOHANG);
        }
        while (reaped < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR);
        ending = CniProcessEnding.Exited;
        code = 0;
        if (reaped == 0) return false;
        _ended = true;
        if (reaped < 0 && !TryRecall(out status))
        {
            ending = CniProcessEnding.Unknown;
            return true;
        }

        int signal = status & 0x7f;
        (ending, code) = signal == 0 ? (CniProcessEnding.Exited, (status >> 8) & 0xff) : (CniProcessEnding.Signalled, signal);
        return true;
    }

    /// <summary>Asks for the end of a child that somebody else has waited for.</summary>
    private bool TryRecall(out int status)
    {
        var info = new Libc.pidfd_info { mask = Libc.PIDFD_INFO_EXIT };
        bool known = !_handle.IsInvalid && Libc.ioctl(_handle.Number, Libc.PIDFD_GET_INFO, &info) == 0 && (info.mask & Libc.PIDFD_INFO_EXIT) != 0;
        status = info.exit_code;
        return known;
    }

    private static Descriptor InputOf(CniProcessStart start)
    {
        fixed (byte* name = "cni"u8)
        {
            var file = new Descriptor(Libc.memfd_create(name, Libc.MFD_CLOEXEC));
            ReadOnlySpan<byte> left = start.Input.Span;
            while (!file.IsInvalid && left.Length > 0)
            {
                nint written;
                fixed (byte* bytes = left) written = Libc.write(file.Number, bytes, left.Length);
                if (written <= 0) throw Failed(start, Marshal.GetLastPInvokeError());
                left = left[(int)written..];
            }

            if (file.IsInvalid || Libc.lseek(file.Number, 0, Libc.SEEK_SET) != 0) throw Failed(start, Marshal.GetLastPInvokeError());
            return file;
        }
    }

    private static (Descriptor Read, Descriptor Write) Pipe(CniProcessStart start)
    {
        int* ends = stackalloc int[2];
        return Libc.pipe2(ends, Libc.O_CLOEXEC) == 0
            ? (new Descriptor(ends[0]), new Descriptor(ends[1]))
            : throw Failed(start, Marshal.GetLastPInvokeError());
    }

    private static int Spawn(CniProcessStart start, bool ownGroup, int input, int output, int errors)
    {
        byte* actions = stackalloc byte[Libc.SizeOfSpawnStructures];
        byte* attributes = stackalloc byte[Libc.SizeOfSpawnStructures];
        byte* all = stackalloc byte[Libc.SizeOfSigset];
        byte* none = stackalloc byte[Libc.SizeOfSigset];
        new Span<byte>(none, Libc.SizeOfSigset).Clear();
        _ = Libc.sigfillset(all);
        _ = Libc.posix_spawn_file_actions_init(actions);
        _ = Libc.posix_spawnattr_init(attributes);
        using var arguments = new TextVector([start.Path]);
        using var environment = new TextVector([.. start.Environment.Select(static variable => $"{variable.Key}={variable.Value}")]);
        try
        {
            _ = Libc.posix_spawn_file_actions_adddup2(actions, input, 0);
            _ = Libc.posix_spawn_file_actions_adddup2(actions, output, 1);
            _ = Libc.posix_spawn_file_actions_adddup2(actions, errors, 2);
            // .NET's descriptors close themselves; others' of this process may not.
            if (Libc.posix_spawn_file_actions_addclosefrom_np != null) _ = Libc.posix_spawn_file_actions_addclosefrom_np(actions, 3);
            // What .NET ignores or blocks (SIGPIPE) a child would inherit.
            _ = Libc.posix_spawnattr_setsigdefault(attributes, all);
            _ = Libc.posix_spawnattr_setsigmask(attributes, none);
            _ = Libc.posix_spawnattr_setpgroup(attributes, 0);
            short flags = Libc.POSIX_SPAWN_SETSIGDEF | Libc.POSIX_SPAWN_SETSIGMASK;
            _ = Libc.posix_spawnattr_setflags(attributes, ownGroup ? (short)(flags | Libc.POSIX_SPAWN_SETPGROUP) : flags);
            int id = 0;
            int error = Libc.posix_spawn(&id, arguments[0], actions, attributes, arguments.Pointer, environment.Pointer);
            return error == 0 ? id : throw Failed(start, error);
        }
        finally
        {
            _ = Libc.posix_spawnattr_destroy(attributes);
            _ = Libc.posix_spawn_file_actions_destroy(actions);
        }
    }

    private static CniException Failed(CniProcessStart start, int error) =>
        new(CniErrorCode.IoFailure, $"{start.Path} cannot be started: {Marshal.GetPInvokeErrorMessage(error)}.");
}
