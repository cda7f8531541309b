using System.Text;
using System.Text.Json.Nodes;
using Flannel.Cni;
using Flannel.Lab.Cni;
using Flannel.Lab.Fuzzing;
using FlannelCni.Subnets;
using FsCheck;
using FsCheck.Fluent;

namespace FlannelCni.Tests;

/// <summary>Hostile subnet files and configurations: each is read, or refused by a typed error.</summary>
public sealed class MutationTests : IDisposable
{
    private const string SubnetFile = "FLANNEL_NETWORK=10.5.0.0/16,10.6.0.0/16\nFLANNEL_SUBNET=10.5.52.1/24\n" +
        "FLANNEL_IPV6_NETWORK=2001:cafe:42::/56\n" +
        "FLANNEL_IPV6_SUBNET=2001:cafe:42::1/64\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n";

    // Where the plugin reads and writes is not among what is changed.
    private const string Request = """
        "cniVersion":"1.1.0","name":"cbr0","type":"flannel",
         "delegate":{"type":"none","mtu":1300,"ipMasq":false},"ipam":{"routes":[{"dst":"192.0.2.0/24"}],"subnet":"x"},"runtimeConfig":{"ips":["10.5.52.9"]},
         "cni.dev/valid-attachments":[{"containerID":"c1","ifname":"eth0"}],
         "prevResult":{"cniVersion":"1.1.0","interfaces":[{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/x"}],
           "ips":[{"address":"10.5.52.2/24","gateway":"10.5.52.1","interface":0}],"routes":[{"dst":"0.0.0.0/0","gw":"10.5.52.1","mtu":1400}],
           "dns":{"nameservers":["10.5.0.10"],"search":["a"]}}}
        """;

    private readonly ScriptedPlugins _plugins = new();

    public void Dispose() => _plugins.Dispose();

    [Fact]
    public void SubnetFile_IsReadOrRefused() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000),
        Prop.ForAll(Mutations.Of(SubnetFile).ToArbitrary(), static bytes =>
        {
            try
            {
                SubnetEnv read = SubnetEnv.Parse(Encoding.UTF8.GetString(bytes).Split('\n'));
                Assert.True(read.Networks.Count > 0 && read.Subnets.Count > 0);
            }
            catch (FormatException)
            {
                // Refused.
            }
        }));

    /// <summary>Of an ADD the configuration of its delegate is made, too; there is none to run.</summary>
    [Theory]
    [InlineData("ADD")]
    [InlineData("CHECK")]
    [InlineData("DEL")]
    [InlineData("GC")]
    [InlineData("STATUS")]
    public void Request_IsAnsweredOrRefused(string command)
    {
        string subnet = Path.Combine(_plugins.Root, "subnet.env");
        File.WriteAllText(subnet, SubnetFile);
        byte[] start = Encoding.UTF8.GetBytes($"{{\"subnetFile\":\"{subnet}\",\"dataDir\":\"{Path.Combine(_plugins.Root, "data")}\",");
        var environment = new Dictionary<string, string>
        {
            ["CNI_COMMAND"] = command,
            ["CNI_CONTAINERID"] = "c1",
            ["CNI_NETNS"] = "/run/netns/a",
            ["CNI_IFNAME"] = "eth0",
            ["CNI_PATH"] = _plugins.Folder,
        };
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(500),
            Prop.ForAll(Mutations.Of(Request).ToArbitrary(), bytes =>
        {
            using var output = new MemoryStream();
            var host = new CniPluginHost(environment, new MemoryStream([.. start, .. bytes]), output);
            int code = host.RunAsync(new FlannelPlugin(), default).GetAwaiter().GetResult();
            if (code != 0) Assert.NotEqual((int)CniErrorCode.Internal, (int)JsonNode.Parse(output.ToArray())!["code"]!);
        }));
    }
}
