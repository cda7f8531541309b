using System.Text.Json.Nodes;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Store.Kubernetes.Tests.Lab;

namespace Flannel.Store.Kubernetes.Tests;

public sealed class NetworkConfigTests
{
    [Theory]
    [InlineData("""{"Network":"10.244.0.0/16","SubnetLen":99,"subnetmin":"x","SubnetMax":7,"Backend":{"Type":"vxlan"}}""")]
    [InlineData("""{"Network":"10.244.0.0/16","SubnetLen":null,"IPv6SubnetLen":"64","Backend":{"Type":"vxlan"}}""")]
    public async Task KeysAboutSubnets_MeanNothing(string text)
    {
        await using KubeLab lab = await KubeLab.StartAsync(1);
        lab.WriteConfig(text);

        NetworkConfig config = (await lab.NewManager().OpenAsync(CancellationToken.None)).ReadConfig();

        Assert.Equal(("10.244.0.0/16", "10.244.0.0"), (config.Network.ToString(), config.SubnetMin!.ToString()));
    }

    [Fact]
    public async Task File_ThatIsMissingOrBroken_IsSaidWithItsPath()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1);
        File.Delete(lab.ConfigPath);
        Assert.Contains("there is none", await ErrorAsync(), StringComparison.Ordinal);
        Directory.CreateDirectory(lab.ConfigPath);
        Assert.Contains("is a directory", await ErrorAsync(), StringComparison.Ordinal);
        Directory.Delete(lab.ConfigPath);
        lab.WriteConfig("{ \"Network\": ");
        Assert.Contains("ends too early", await ErrorAsync(), StringComparison.Ordinal);
        lab.WriteConfig("""{"Network":"10.244.0.0/16","Typo":1,"Backend":{"Type":"vxlan"}}""");
        Assert.Equal(["\"Typo\""], (await lab.NewManager().OpenAsync(CancellationToken.None)).UnknownConfigKeys);

        async Task<string> ErrorAsync()
        {
            ISubnetView view = await lab.NewManager().OpenAsync(CancellationToken.None);
            NetworkConfigException error = Assert.Throws<NetworkConfigException>(view.ReadConfig);
            Assert.Contains(lab.ConfigPath, error.Message, StringComparison.Ordinal);
            return error.Message;
        }
    }

    [Fact]
    public async Task File_IsFollowed()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();

        lab.WriteConfig("""{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan","VNI":2}}""");
        NetworkConfigChanged changed = await node.UntilAsync<NetworkConfigChanged>();
        Assert.Contains("\"VNI\":2", changed.Config!.Backend, StringComparison.Ordinal);
        lab.WriteConfig("""{"Network":"10.99.0.0/16","Backend":{"Type":"vxlan"}}""");
        changed = await node.UntilAsync<NetworkConfigChanged>();
        Assert.Contains("10.244.1.0/24", changed.Error!.Message, StringComparison.Ordinal);
        File.Delete(lab.ConfigPath);
        changed = await node.UntilAsync<NetworkConfigChanged>();
        Assert.Contains("there is none", changed.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConfigMap_IsReadByTheApi_AndFollowed()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        lab.Options.ConfigMap = "kube-flannel/kube-flannel-cfg";
        Put("""{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}""");
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        Assert.Contains(
            lab.Api.Requests,
            request => request.Path == "/api/v1/namespaces/kube-flannel/configmaps"
                && request.Query.Contains("metadata.name%3Dkube-flannel-cfg", StringComparison.Ordinal));

        Put("""{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan","VNI":3}}""");
        NetworkConfigChanged changed = await node.UntilAsync<NetworkConfigChanged>();
        Assert.Contains("\"VNI\":3", changed.Config!.Backend, StringComparison.Ordinal);
        lab.Api.ConfigMaps.Delete("kube-flannel-cfg");
        changed = await node.UntilAsync<NetworkConfigChanged>();
        Assert.Contains("key net-conf.json of the ConfigMap kube-flannel/kube-flannel-cfg", changed.Error!.Message, StringComparison.Ordinal);

        void Put(string text) => lab.Api.ConfigMaps.Put(new JsonObject
        {
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = "kube-flannel-cfg", ["uid"] = "u" },
            ["data"] = new JsonObject { ["cni-conf.json"] = "{}", ["net-conf.json"] = text },
        });
    }
}
