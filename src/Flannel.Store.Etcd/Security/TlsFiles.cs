using System.Security.Cryptography;
using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd.Security;

/// <summary>
/// The certificate files. Whoever rotates them replaces the files; new connections then use the new ones. Files that are unusable at the moment,
/// because they are being replaced, leave the last usable ones in force. Safe for concurrent use.
/// </summary>
internal sealed partial class TlsFiles
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly string? _authorityFile;
    private readonly string? _certificateFile;
    private readonly string? _keyFile;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    private readonly Lock _lock = new();

    // Guarded by _lock.
    private (string? Authorities, string? Certificate, string? Key) _texts;
    private TlsIdentity? _identity;
    private long _version;
    private long? _checkedAt;
    private bool _isUnusable;

    /// <param name="authorityFile">PEM file of the authorities to trust, if not the system's.</param>
    /// <param name="certificateFile">PEM file of the own certificate, if there is one.</param>
    /// <param name="keyFile">PEM file of its key.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to log.</param>
    public TlsFiles(string? authorityFile, string? certificateFile, string? keyFile, TimeProvider time, ILogger logger)
    {
        _authorityFile = authorityFile;
        _certificateFile = certificateFile;
        _keyFile = keyFile;
        _time = time;
        _logger = logger;
    }

    /// <summary>Changes when the files' contents do.</summary>
    public long Version
    {
        get
        {
            lock (_lock)
                return _version;
        }
    }

    /// <summary>What the files say; <see langword="null"/> if there are none.</summary>
    public TlsIdentity? Identity
    {
        get
        {
            lock (_lock)
                return _identity;
        }
    }

    private bool IsEmpty => _authorityFile is null && _certificateFile is null;

    /// <summary>
    /// Reads the files if that has not been done for a second. Their contents are compared, since links and mounts hide changes of a file's date.
    /// </summary>
    /// <exception cref="StoreException">The files have never been usable.</exception>
    public void Refresh()
    {
        if (IsEmpty)
            return;

        lock (_lock)
        {
            if (_identity is not null && _checkedAt is { } last && _time.GetElapsedTime(last) < CheckInterval)
                return;
            _checkedAt = _time.GetTimestamp();
            try
            {
                Load_NeedsLock();
                _isUnusable = false;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
            {
                if (_identity is null)
                    throw new StoreException($"The certificate files of the etcd store ({Names}) cannot be used: {error.Message}", isTransient: false, error);
                if (!_isUnusable)
                    LogUnusable(Names, error.Message);
                _isUnusable = true;
            }
        }
    }

    private string Names => string.Join(", ", new[] { _authorityFile, _certificateFile, _keyFile }.Where(file => file is not null));

    private void Load_NeedsLock()
    {
        var texts = (Read(_authorityFile), Read(_certificateFile), Read(_keyFile));
        if (_identity is not null && texts == _texts)
            return;
        var identity = TlsIdentity.Read(texts.Item1, texts.Item2, texts.Item3);
        if (_identity is not null)
            LogChanged(Names);
        (_texts, _identity) = (texts, identity);
        _version++;
    }

    private static string? Read(string? file) => file is null ? null : File.ReadAllText(file);
}
