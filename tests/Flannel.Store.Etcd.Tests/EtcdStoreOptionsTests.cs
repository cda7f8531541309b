using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Flannel.Store.Etcd.Tests;

public sealed class EtcdStoreOptionsTests
{
    [Fact]
    public void Defaults_AreValidAndFlannels()
    {
        EtcdStoreOptions options = Validated(_ => { });

        Assert.Equal(["http://127.0.0.1:2379"], options.EffectiveEndpoints);
        Assert.Equal("/coreos.com/network", options.Prefix);
    }

    public static TheoryData<string, Action<EtcdStoreOptions>> Invalid => new()
    {
        { "must be http://", options => options.Endpoints = ["127.0.0.1:2379"] },
        { "'127.0.0.1:2379', which has no scheme", options => options.Endpoints = ["127.0.0.1:2379"] },
        { "'etcd-1:2379', which has no scheme", options => options.Endpoints = ["etcd-1:2379"] },
        { "'http://a:2379,http://b:2379', which is no address", options => options.Endpoints = ["http://a:2379,http://b:2379"] },
        { "'http://a:0', which is no address", options => options.Endpoints = ["http://a:0"] },
        { "holds an endpoint, which has no scheme", options => options.Endpoints = ["root:topsecret@a:1"] },
        { "holds blanks only", options => options.Endpoints = [" ", ""] },
        { "CaFile", options => (options.Endpoints, options.CaFile) = (["https://host:2379"], "") },
        { "must be http://", options => options.Endpoints = ["http://good:2379", "ftp://bad"] },
        { "with more behind it", options => options.Endpoints = ["http://host:2379/v3"] },
        { "set Username and Password instead", options => options.Endpoints = ["https://root:topsecret@host:2379"] },
        { "AllowInsecureCredentials", options => (options.Username, options.Password) = ("root", "topsecret") },
        { "both are needed", options => (options.Endpoints, options.Username) = (["https://host:2379"], "root") },
        { "both are needed", options => (options.Endpoints, options.Password) = (["https://host:2379"], "topsecret") },
        { "both are needed", options => (options.Endpoints, options.CertificateFile) = (["https://host:2379"], "/cert.pem") },
        { "both are needed", options => (options.Endpoints, options.KeyFile) = (["https://host:2379"], "/key.pem") },
        { "write https", options => options.CaFile = "/ca.pem" },
        { "must name a key", options => options.Prefix = "//" },
        { "Prefix", options => options.Prefix = "" },
        { "must be between", options => options.RequestTimeout = TimeSpan.Zero },
        { "must be between", options => options.RequestTimeout = TimeSpan.FromHours(1) },
        { "Renewal", options => options.Renewal = (EtcdRenewal)7 },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Invalid_IsRefusedWithAReasonAndWithoutSecrets(string reason, Action<EtcdStoreOptions> configure)
    {
        OptionsValidationException error = Assert.Throws<OptionsValidationException>(() => Validated(configure));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("topsecret", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://host:2379", false)]
    [InlineData("http://host:2379", true)]
    public void Password_OverTlsOrWhenAllowed_IsAccepted(string endpoint, bool isAllowed) => Validated(options =>
        (options.Endpoints, options.Username, options.Password, options.AllowInsecureCredentials) = ([endpoint], "root", "topsecret", isAllowed));

    private static EtcdStoreOptions Validated(Action<EtcdStoreOptions> configure)
    {
        var services = new ServiceCollection();
        services.AddFlannel().UseEtcd(configure);
        using ServiceProvider provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptionsMonitor<EtcdStoreOptions>>().Get(Options.DefaultName);
    }
}
