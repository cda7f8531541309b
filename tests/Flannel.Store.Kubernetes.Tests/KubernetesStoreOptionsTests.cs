using Flannel.Extensibility;
using Flannel.Store.Kubernetes.Objects;
using Flannel.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Flannel.Store.Kubernetes.Tests;

public sealed class KubernetesStoreOptionsTests
{
    [Theory]
    [InlineData("flannel.alpha.coreos.com", "flannel.alpha.coreos.com/backend-type")]
    [InlineData("org.com", "org.com/backend-type")]
    [InlineData("org.com/", "org.com/backend-type")]
    [InlineData("org.com/9", "org.com/9-backend-type")]
    [InlineData("org.com/a-", "org.com/a-backend-type")]
    [InlineData("org", "org/backend-type")]
    public void Prefix_IsCompletedAsByFlannel(string prefix, string expected)
    {
        Assert.Equal(expected, new AnnotationNames(prefix)[Annotation.BackendType]);
        Assert.Empty(Validate(options => options.AnnotationPrefix = prefix));
    }

    [Theory]
    [InlineData("Org.com")]
    [InlineData("org.com/a/b")]
    [InlineData("org_com")]
    [InlineData("-org.com")]
    [InlineData("org..com")]
    [InlineData("org.com/ä")]
    [InlineData("org.com/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("/")]
    public void Prefix_ThatNoAnnotationCanHave_IsRefused(string prefix) =>
        Assert.Contains("AnnotationPrefix", Validate(options => options.AnnotationPrefix = prefix), StringComparison.Ordinal);

    public static TheoryData<string, Action<KubernetesStoreOptions>> Mistakes => new()
    {
        { "ApiServer", options => options.ApiServer = new Uri("ftp://x") },
        { "ApiServer", options => options.ApiServer = new Uri("/relative", UriKind.Relative) },
        { "ApiServer", options => options.ApiServer = new Uri("https://a:b@host") },
        { "ApiServer", options => options.SetHttpHandler(new HttpClientHandler()) },
        { "Context", options => options.Context = "x" },
        { "KubeconfigFile", options => options.KubeconfigFile = " " },
        { "NodeName", options => options.NodeName = "" },
        { "ConfigMap", options => options.ConfigMap = "name" },
        { "ConfigMap", options => options.ConfigMap = "a/b/c" },
        { "ConfigFile", options => options.ConfigFile = "" },
        { "RequestTimeout", options => options.RequestTimeout = TimeSpan.Zero },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Mistakes_AreNamed(string option, Action<KubernetesStoreOptions> configure) =>
        Assert.Contains(option, Validate(configure), StringComparison.Ordinal);

    [Fact]
    public void Defaults_AreFlannels() => Assert.Empty(Validate(_ => { }));

    [Fact]
    public void Secrets_AreNotShown() =>
        Assert.DoesNotContain("hunter2", Validate(options => options.ApiServer = new Uri("https://me:hunter2@host")), StringComparison.Ordinal);

    [Fact]
    public void UseKubernetes_GoesBeforeTheDefaultPolicy()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IHostNetwork>(new InMemoryHostNetwork());
        services.AddFlannel()
            .UseInMemoryStore()
            .UseKubernetes(options => options.NodeName = "a")
            .UseKubernetes(options => options.ConfigFile = "/x")
            .UseAlloc();
        using ServiceProvider provider = services.BuildServiceProvider();

        Assert.IsType<KubernetesSubnetManager>(provider.GetRequiredKeyedService<ISubnetManager>(""));
        KubernetesStoreOptions options = provider.GetRequiredService<IOptionsMonitor<KubernetesStoreOptions>>().Get("");
        Assert.Equal(("a", "/x"), (options.NodeName, options.ConfigFile));
    }

    [Fact]
    public void Options_AreBoundFromConfiguration()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(
            [
                new("NodeName", "a"),
                new("ApiServer", "https://10.0.0.1:6443"),
                new("RequestTimeout", "00:00:07"),
                new("SetNodeNetworkUnavailable", "false"),
            ]).Build();
        var services = new ServiceCollection();
        services.AddFlannel().UseKubernetes(configuration);
        using ServiceProvider provider = services.BuildServiceProvider();

        KubernetesStoreOptions options = provider.GetRequiredService<IOptionsMonitor<KubernetesStoreOptions>>().Get("");

        Assert.Equal(
            ("a", new Uri("https://10.0.0.1:6443"), TimeSpan.FromSeconds(7), false),
            (options.NodeName, options.ApiServer, options.RequestTimeout, options.SetNodeNetworkUnavailable));
    }

    private static string Validate(Action<KubernetesStoreOptions> configure)
    {
        var services = new ServiceCollection();
        services.AddFlannel().UseKubernetes(configure);
        using ServiceProvider provider = services.BuildServiceProvider();
        try
        {
            _ = provider.GetRequiredService<IOptionsMonitor<KubernetesStoreOptions>>().Get("");
            return "";
        }
        catch (OptionsValidationException error)
        {
            return error.Message;
        }
    }
}
