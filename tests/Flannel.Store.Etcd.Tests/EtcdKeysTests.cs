namespace Flannel.Store.Etcd.Tests;

public sealed class EtcdKeysTests
{
    [Theory]
    [InlineData("/coreos.com/network", "/coreos.com/network/config")]
    [InlineData("coreos.com//network/", "coreos.com/network/config")]
    [InlineData("/coreos.com/./network", "/coreos.com/network/config")]
    [InlineData("/coreos.com/x/../network", "/coreos.com/network/config")]
    [InlineData("/../coreos.com/network/.", "/coreos.com/network/config")]
    [InlineData("a/../../network", "../network/config")]
    public void Config_IsBelowThePrefix_AsFlannelCleansIt(string prefix, string key) => Assert.Equal(key, new EtcdKeys(prefix).Config);
}
