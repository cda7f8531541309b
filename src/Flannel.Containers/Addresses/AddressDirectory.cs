using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Flannel.Cni;
using Flannel.Containers.Interop;
using Microsoft.Win32.SafeHandles;

namespace Flannel.Containers.Addresses;

/// <summary>
/// Addresses in the directory of CNI's host-local, which may work there at the same time: a file for each address with the owner's id and interface,
/// the last address given out, and a lock. What was read counts until another process changes the directory.
/// </summary>
/// <remarks>
/// A file that was created stays somebody's even if the directory's time did not show it yet, because creating it again fails; so a stale look never
/// gives an address to two.
/// </remarks>
internal sealed class AddressDirectory(string directory, TimeSpan lockTimeout, TimeProvider time) : AddressBook
{
    private const string Separator = "\r\n";

    // An owner's id and interface, or an address.
    private const int MaxBytes = 64 * 1024;

    private static readonly ManualResetEventSlim Never = new();

    private SafeFileHandle? _lockFile;
    private DateTime? _seen;

    protected override IDisposable Enter()
    {
        Do($"lock {directory}", () =>
        {
            if (_lockFile is null || !File.Exists(PathOf("lock")))
            {
                Directory.CreateDirectory(directory);
                _lockFile?.Dispose();
                _lockFile = OpenLock();
            }

            AwaitLock(_lockFile);
        });
        try
        {
            Do($"read {directory}", Refresh);
            return new Held(_lockFile!);
        }
        catch
        {
            _ = LinuxLock.flock(_lockFile!, LinuxLock.LOCK_UN);
            throw;
        }
    }

    protected override void Leave() => _seen = Directory.GetLastWriteTimeUtc(directory);

    protected override bool Write(IPAddress address, Owner owner)
    {
        string path = PathOf(NameOf(address));
        bool isOurs = false;
        try
        {
            return Do($"write {path}", () =>
            {
                if (File.Exists(path)) return false;
                using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
                isOurs = true;
                RandomAccess.Write(file, Encoding.UTF8.GetBytes(owner.ContainerId + Separator + owner.InterfaceName), 0);
                return true;
            });
        }
        catch (ContainerNetworkException) when (isOurs)
        {
            File.Delete(path); // a full disk takes names and no bytes
            throw;
        }
    }

    protected override void Delete(IPAddress address, Owner owner)
    {
        string path = PathOf(NameOf(address));
        Do($"delete {path}", () =>
        {
            if (File.Exists(path) && Read(path) == owner) File.Delete(path);
        });
    }

    // Beside the lock, so that those who come at once wait for the disk together.
    protected override void Settle(IPAddress address) => Do($"write {PathOf(NameOf(address))} to disk", () =>
    {
        using SafeFileHandle file = File.OpenHandle(PathOf(NameOf(address)), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(file);
    });

    protected override IPAddress? ReadLast(int range)
    {
        string path = PathOf($"last_reserved_ip.{range}");
        return File.Exists(path) && IPAddress.TryParse(Do($"read {path}", () => ReadText(path)), out IPAddress? address)
            ? address
            : null;
    }

    protected override void WriteLast(int range, IPAddress address)
    {
        string path = PathOf($"last_reserved_ip.{range}");
        try
        {
            File.WriteAllText(path, address.ToString());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Only where the search begins next time; who has what is in the addresses' files.
        }
    }

    private void Refresh()
    {
        DateTime changed = Directory.GetLastWriteTimeUtc(directory);
        if (changed == _seen) return;
        Owners.Clear();
        foreach (string path in Directory.EnumerateFiles(directory))
        {
            if (!IPAddress.TryParse(Path.GetFileName(path).Replace('_', ':'), out IPAddress? address)) continue;
            if (Read(path) is { } owner) Owners[address] = owner;
            else File.Delete(path); // whoever made it holds the lock while it writes, so it died between the two
        }

        _seen = Directory.GetLastWriteTimeUtc(directory);
    }

    private static Owner? Read(string path)
    {
        string[] lines = ReadText(path).Split(Separator, 2);
        return lines[0].Length == 0 ? null : new Owner(lines[0], lines.Length > 1 ? lines[1] : "");
    }

    private static string ReadText(string path) => Encoding.UTF8.GetString(CniFile.Read(path, MaxBytes)).Trim();

    private SafeFileHandle OpenLock()
    {
        SafeFileHandle file = LinuxLock.open(
            PathOf("lock"), LinuxLock.O_RDWR | LinuxLock.O_CREAT | LinuxLock.O_CLOEXEC, 0x180 /* rw for the owner */);
        if (!file.IsInvalid) return file;
        string problem = Marshal.GetLastPInvokeErrorMessage();
        file.Dispose();
        throw new IOException($"The lock cannot be opened: {problem}.");
    }

    private void AwaitLock(SafeFileHandle file)
    {
        long start = time.GetTimestamp();
        while (LinuxLock.flock(file, LinuxLock.LOCK_EX | LinuxLock.LOCK_NB) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno is not (LinuxLock.EINTR or LinuxLock.EWOULDBLOCK)) throw new IOException($"The lock is refused with error {errno}.");
            if (time.GetElapsedTime(start) > lockTimeout)
            {
                throw new IOException(
                    string.Create(CultureInfo.InvariantCulture, $"Another process has held the lock for {lockTimeout.TotalSeconds:0.#} s."));
            }

            Never.Wait(TimeSpan.FromMilliseconds(1)); // flock(2) tells nobody when it is free
        }
    }

    private string PathOf(string name) => Path.Combine(directory, name);

    private static string NameOf(IPAddress address) => address.ToString();

    private static void Do(string what, Action action) => Do(what, () =>
    {
        action();
        return true;
    });

    private static T Do<T>(string what, Func<T> function)
    {
        try
        {
            return function();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ContainerNetworkException(
                ContainerNetworkError.StateDirectory,
                $"The directory of addresses does not serve: cannot {what}: {exception.Message.TrimEnd('.')}. Make it writable, make room, or " +
                "choose another StateDirectory.",
                exception);
        }
    }

    private sealed class Held(SafeFileHandle file) : IDisposable
    {
        public void Dispose() => _ = LinuxLock.flock(file, LinuxLock.LOCK_UN);
    }
}
