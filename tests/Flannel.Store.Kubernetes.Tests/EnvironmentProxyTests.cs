using Flannel.Store.Kubernetes.Access;

namespace Flannel.Store.Kubernetes.Tests;

public sealed class EnvironmentProxyTests
{
    [Theory]
    [InlineData("https://10.96.0.1:443", "10.96.0.0/12", false)]
    [InlineData("https://10.112.0.1:443", "10.96.0.0/12", true)]
    [InlineData("https://10.96.0.1:443", "10.99.1.1/12", false)] // bits behind the length do not count
    [InlineData("https://[fd00::1]:6443", "fd00::/16", false)]
    [InlineData("https://[fd01::1]:6443", "fd00::/16", true)]
    [InlineData("https://10.0.0.1:6443", "10.0.0.1", false)]
    [InlineData("https://10.0.0.1:6443", "10.0.0.1:6443", false)]
    [InlineData("https://10.0.0.1:6443", "10.0.0.1:443", true)]
    [InlineData("https://api.example.com:6443", "example.com", false)]
    [InlineData("https://api.example.com:6443", ".example.com", false)]
    [InlineData("https://example.com", ".example.com", true)]
    [InlineData("https://api.example.com:6443", "*.EXAMPLE.com", false)]
    [InlineData("https://myexample.com", "example.com", true)]
    [InlineData("https://api.example.com:6443", "a, , example.com:6443", false)]
    [InlineData("https://api.example.com:6443", "*", false)]
    [InlineData("https://localhost:6443", "", false)]
    [InlineData("https://127.0.0.1:6443", "", false)]
    [InlineData("https://[::1]:6443", "", false)]
    [InlineData("https://10.0.0.1:6443", "nonsense/99,10.0.0.0/x", true)]
    [InlineData("https://10.0.0.1:6443", "10.1,10/8,0x0a000001,10.0.0.01,10.0.0.1: 6443", true)] // as Go reads them: no addresses
    public void NoProxy_IsReadAsGoDoes(string address, string exceptions, bool isProxied)
    {
        var proxy = new EnvironmentProxy(new KubernetesEnvironment { HttpsProxy = "http://10.9.9.9:3128", NoProxy = exceptions });

        Assert.Equal(isProxied ? new Uri("http://10.9.9.9:3128") : null, proxy.GetProxy(new Uri(address)));
    }

    [Fact]
    public void Scheme_DecidesWhichProxy()
    {
        var proxy = new EnvironmentProxy(new KubernetesEnvironment { HttpProxy = "proxy:8080" });

        Assert.Equal(new Uri("http://proxy:8080"), proxy.GetProxy(new Uri("http://10.0.0.1")));
        Assert.Null(proxy.GetProxy(new Uri("https://10.0.0.1")));
    }

    [Fact]
    public void Address_ThatIsNone_IsSaid() =>
        Assert.Contains(
            "HTTPS_PROXY",
            Assert.Throws<KubernetesAccessException>(() => new EnvironmentProxy(new KubernetesEnvironment { HttpsProxy = "ftp://x" })).Message,
            StringComparison.Ordinal);
}
