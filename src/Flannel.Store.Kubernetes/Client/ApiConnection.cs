using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;
using Flannel.Extensibility;
using Flannel.Store.Kubernetes.Access;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Kubernetes.Client;

/// <summary>
/// The way to the API server: reads what the access says, again each minute and when the server refuses it, and replaces connections when they
/// depend on something that changed. Files that are unusable at the moment, because they are being replaced, leave the last usable ones in force.
/// </summary>
internal sealed partial class ApiConnection : IDisposable
{
    /// <summary>How long what was read is good for.</summary>
    public static readonly TimeSpan ReadInterval = TimeSpan.FromMinutes(1);

    private readonly KubernetesStoreOptions _options;
    private readonly KubernetesEnvironment _environment;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _gate = new(1, 1);

    // Guarded by _gate, but for _channel, which is read without it and replaced as a whole.
    private volatile ApiChannel? _channel;
    private TlsMaterial? _material;
    private long _readAt;
    private ExecCredential? _exec;
    private bool _isUnusable;

    public ApiConnection(KubernetesStoreOptions options, KubernetesEnvironment environment, TimeProvider time, ILogger logger)
    {
        _options = options;
        _environment = environment;
        _time = time;
        _logger = logger;
    }

    /// <summary>The server as last known, for messages.</summary>
    public string Server =>
        (_channel?.Server ?? _options.ApiServer)?.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped) ?? "the API server";

    /// <summary>The way as it is now.</summary>
    /// <param name="refused">The way whose credentials the server has just refused; they are renewed.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="KubernetesAccessException">The access cannot be used.</exception>
    public async Task<ApiChannel> GetAsync(ApiChannel? refused, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            bool isRefused = refused is not null && ReferenceEquals(refused, _channel);
            if (_channel is { } known && !isRefused && _time.GetElapsedTime(_readAt) < ReadInterval && !IsExpired(_exec))
                return known;
            if (isRefused)
                _exec = null;
            await ReadAsync(isRefused, cancellationToken).ConfigureAwait(false);
            return _channel!;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Retires every connection; whoever sends the next request connects again.</summary>
    public async Task ResetAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        ApiChannel? old = _channel;
        (_channel, _material) = (null, null);
        _gate.Release();
        await RetireAsync(old).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _ = RetireAsync(_channel);
        _gate.Dispose();
    }

    private async Task ReadAsync(bool isRefused, CancellationToken cancellationToken)
    {
        try
        {
            ClusterAccess access = ReadAccess();
            if (access.User.Exec is { } exec && (_exec is null || IsExpired(_exec)))
                _exec = await ExecPlugin.RunAsync(exec, access.Origin, _time, cancellationToken).ConfigureAwait(false);
            Take(access);
            _isUnusable = false;
        }
        catch (Exception error) when (error is KubernetesAccessException or InvalidDataException or IOException)
        {
            if (_channel is null || isRefused)
                throw error as KubernetesAccessException ?? new KubernetesAccessException(Origin, error.Message, error);
            if (!_isUnusable)
                Log.Unusable(_logger, error.Message);
            _isUnusable = true;
        }

        _readAt = _time.GetTimestamp();
    }

    private string Origin => _options.KubeconfigFile ?? "a pod's service account";

    private ClusterAccess ReadAccess()
    {
        if (_options.GetHttpHandler() is not null)
            return new ClusterAccess { Origin = "the host program's own handler", Server = _options.ApiServer! };
        if (_options.KubeconfigFile is { } file)
        {
            ClusterAccess access = Kubeconfig.Read(file, _options.Context);
            return _options.ApiServer is { } server ? access with { Server = server } : access;
        }

        return _options.ApiServer is { } alone ? new ClusterAccess { Origin = "the option ApiServer", Server = alone } : _environment.OfPod();
    }

    private void Take(ClusterAccess access)
    {
        var credentials = new ApiCredentials(AuthorizationOf(access), access.User.Impersonation);
        if (_options.GetHttpHandler() is { } own)
        {
            _channel ??= new ApiChannel(new HttpMessageInvoker(own, disposeHandler: false), access.Server, access.Origin, credentials);
            return;
        }

        PemFile? certificate = _exec?.Certificate is { } printed
            ? new PemFile("the certificate printed by the program for credentials", "", printed)
            : Read(access.User.Certificate);
        PemFile? key = _exec?.Key is { } printedKey
            ? new PemFile("the key printed by the program for credentials", "", printedKey)
            : Read(access.User.Key);
        var material = new TlsMaterial(
            access.Server, Read(access.Authorities), access.IsInsecure, access.TlsServerName, certificate, key, access.Proxy);
        if (_channel is { } known && material == _material)
        {
            // The same object as long as nothing changes: a request that was refused tells by it whether that was renewed meanwhile.
            if (known.Credentials != credentials)
                _channel = known with { Credentials = credentials };
            return;
        }

        var invoker = new HttpMessageInvoker(material.CreateHandler(_environment, _time));
        ApiChannel? old = _channel;
        (_material, _channel) = (material, new ApiChannel(invoker, access.Server, access.Origin, credentials) { ServerName = access.TlsServerName });
        if (old is null)
            return;
        Log.Changed(_logger);
        _ = RetireAsync(old);
    }

    private AuthenticationHeaderValue? AuthorizationOf(ClusterAccess access)
    {
        UserAccess user = access.User;
        if (_exec?.Token is { } printed)
            return ApiCredentials.Bearer(printed, $"{access.Origin}, program for credentials");
        if (user.TokenFile is { } file)
            return ApiCredentials.Bearer(Kubeconfig.ReadText(file, "token file"), file);
        if (user.Token is { } token)
            return ApiCredentials.Bearer(token, access.Origin);
        return user.Username is { } name ? ApiCredentials.Basic(name, user.Password ?? "") : null;
    }

    private bool IsExpired(ExecCredential? credential) => credential?.Expiration is { } end && end <= _time.GetUtcNow();

    private static PemFile? Read(PemSource? source) => source switch
    {
        null => null,
        { Path: { } path } => PemFile.Read(source.Name, path),
        _ => new PemFile(source.Name, "", source.Text ?? ""),
    };

    // On a thread of the pool: closing a connection that is stuck may block.
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "However closing fails, the connection is nobody's " +
        "any more.")]
    private static Task RetireAsync(ApiChannel? channel) => channel is null ? Task.CompletedTask : Task.Run(() =>
    {
        try
        {
            channel.Invoker.Dispose();
        }
        catch (Exception)
        {
            // It is nobody's any more.
        }
    });
}
