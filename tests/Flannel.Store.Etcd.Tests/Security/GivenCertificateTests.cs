using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Flannel.Store.Etcd.Tests.Security;

/// <summary>Certificates that the application has already, and its hand on the handler.</summary>
public sealed class GivenCertificateTests : IDisposable
{
    private readonly EtcdCertificates _certificates = new();

    [SkippableFact]
    public async Task Certificates_AsObjects_AreShownAndTrusted()
    {
        await using EtcdServer server = await EtcdServer.StartAsync(
            new EtcdOptions { Certificates = _certificates, DemandsClientCertificate = true });
        using X509Certificate2 authority = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(_certificates.Authority));
        using X509Certificate2 client = X509Certificate2.CreateFromPemFile(_certificates.ClientCertificate, _certificates.ClientKey);
        using var others = new EtcdCertificates();
        using X509Certificate2 stranger = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(others.Authority));

        Assert.Equal("", await AskAsync(options =>
        {
            options.TrustAuthorities([authority]);
            options.UseCertificate(client);
        }));
        Assert.Contains("TrustAuthorities()", await AskAsync(options =>
        {
            options.TrustAuthorities([stranger]);
            options.UseCertificate(client);
        }), StringComparison.Ordinal);
        Assert.NotEqual("", await AskAsync(options => options.TrustAuthorities([authority])));

        Task<string> AskAsync(Action<EtcdStoreOptions> configure) => TlsFixture.AskAsync(options =>
        {
            options.Endpoints = server.Endpoints;
            configure(options);
        });
    }

    [SkippableFact]
    public async Task Handler_IsTheApplicationsInTheEnd()
    {
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Certificates = _certificates });
        List<string> told = [];

        Assert.Equal("", await TlsFixture.AskAsync(options =>
        {
            options.Endpoints = server.Endpoints;
            options.ConfigureHandler(handler => told.Add($"first {handler.SslOptions.RemoteCertificateValidationCallback is not null}"));
            options.ConfigureHandler(Trust);
        }));

        Assert.Equal(["first True", "asked"], told);

        void Trust(SocketsHttpHandler handler) => handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, errors) =>
        {
            told.Add("asked");
            return errors != SslPolicyErrors.None;
        };
    }

    public static TheoryData<string, Action<EtcdStoreOptions, EtcdCertificates>> Invalid => new()
    {
        { "TrustAuthorities(): was given no certificate", static (options, _) => options.TrustAuthorities([]) },
        {
            "has no private key",
            static (options, files) => options.UseCertificate(X509Certificate2.CreateFromPem(File.ReadAllText(files.ClientCertificate)))
        },
        { "name files only, or none", static (options, files) => (options.CaFile, _) = (files.Authority, Trust(options, files)) },
        { "write https", static (options, files) => (options.Endpoints, _) = (["http://127.0.0.1:2379"], Trust(options, files)) },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Mistakes_AreRefusedWithTheCall(string reason, Action<EtcdStoreOptions, EtcdCertificates> configure)
    {
        var services = new ServiceCollection();
        services.AddFlannel().UseEtcd(options =>
        {
            options.Endpoints = ["https://127.0.0.1:2379"];
            configure(options, _certificates);
        });
        using ServiceProvider provider = services.BuildServiceProvider();

        var error = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IOptionsMonitor<EtcdStoreOptions>>().Get(""));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _certificates.Dispose();

    private static bool Trust(EtcdStoreOptions options, EtcdCertificates files)
    {
        options.TrustAuthorities([X509Certificate2.CreateFromPem(File.ReadAllText(files.Authority))]);
        return true;
    }
}
