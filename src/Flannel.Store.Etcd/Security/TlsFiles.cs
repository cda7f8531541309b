using System.Security.Cryptography;
using Flannel.Extensibility;
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
    private (PemFile? Authorities, PemFile? Certificate, PemFile? Key) _files;
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
        if (IsEmpty)
            _identity = TlsIdentity.Default;
    }

    private TlsFiles(TlsIdentity identity, TimeProvider time, ILogger logger)
        : this(null, null, null, time, logger) => _identity = identity;

    /// <summary>What options name: files, or certificates that are there already, which do not change.</summary>
    public static TlsFiles For(EtcdStoreOptions options, TimeProvider time, ILogger logger) =>
        options.GetObjects() is { HasCertificates: true } objects
            ? new TlsFiles(TlsIdentity.Of(objects), time, logger)
            : new TlsFiles(options.CaFile, options.CertificateFile, options.KeyFile, time, logger);

    /// <summary>Changes when the files' contents do.</summary>
    public long Version
    {
        get
        {
            lock (_lock)
                return _version;
        }
    }

    /// <summary>What the files say; <see langword="null"/> before they were read.</summary>
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
            catch (Exception error) when (error is IOException or InvalidDataException or CryptographicException or ArgumentException)
            {
                if (_identity is null)
                {
                    throw new StoreException($"The certificate files of the etcd store cannot be used: {error.Message}.", isTransient: false, error)
                    {
                        Kind = StoreErrorKind.Tls,
                    };
                }

                if (!_isUnusable)
                    Log.Unusable(_logger, Names, error.Message);
                _isUnusable = true;
            }
        }
    }

    private string Names => string.Join(", ", new[] { _authorityFile, _certificateFile, _keyFile }.Where(file => file is not null));

    private void Load_NeedsLock()
    {
        (PemFile? Authorities, PemFile? Certificate, PemFile? Key) files = (
            Read("CaFile (-etcd-cafile)", _authorityFile),
            Read("CertificateFile (-etcd-certfile)", _certificateFile),
            Read("KeyFile (-etcd-keyfile)", _keyFile));
        if (_identity is not null && files == _files)
            return;
        TlsIdentity identity = TlsIdentity.Read(files.Authorities, files.Certificate, files.Key);
        if (_identity is not null)
            Log.Changed(_logger, Names);
        (_files, _identity) = (files, identity);
        _version++;
    }

    private static PemFile? Read(string option, string? file) => file is null ? null : PemFile.Read(option, file);
}
