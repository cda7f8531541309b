using Flanneld.Docker;

namespace Flanneld.Tests.Docker;

/// <summary>The output of <c>mk-docker-opts.sh</c>, byte for byte.</summary>
public sealed class DockerOptionsCommandTests : IDisposable
{
    private const string SubnetFile = "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.74.1/24\nFLANNEL_MTU=1472\nFLANNEL_IPMASQ=false\n";

    private const string Individual = "DOCKER_OPT_BIP=\"--bip=10.1.74.1/24\"\nDOCKER_OPT_IPMASQ=\"--ip-masq=true\"\nDOCKER_OPT_MTU=\"--mtu=1472\"\n";

    private const string Combined = "DOCKER_OPTS=\" --bip=10.1.74.1/24 --ip-masq=true --mtu=1472\"\n";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-docker-");

    private string Input => Path.Combine(_folder.FullName, "subnet.env");

    private string Output => Path.Combine(_folder.FullName, "docker.env");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(Individual + Combined)]
    [InlineData(Individual, "-i")]
    [InlineData(Combined, "-c")]
    [InlineData(Individual + Combined, "-i", "-c")]
    [InlineData(Individual + "CUSTOM_KEY=\" --bip=10.1.74.1/24 --ip-masq=true --mtu=1472\"\n", "-k", "CUSTOM_KEY")]
    [InlineData("DOCKER_OPT_BIP=\"--bip=10.1.74.1/24\"\nDOCKER_OPT_MTU=\"--mtu=1472\"\nDOCKER_OPTS=\" --bip=10.1.74.1/24 --mtu=1472\"\n", "-m")]
    public void Output_IsTheScripts(string expected, params string[] options)
    {
        File.WriteAllText(Input, SubnetFile);
        File.WriteAllText(Output, "what was there before\n");

        (int code, string errors) = Run(options);

        Assert.Equal("", errors);
        Assert.Equal(0, code);
        Assert.Equal(expected, File.ReadAllText(Output));
    }

    [Theory]
    [InlineData("FLANNEL_IPMASQ=true", "DOCKER_OPTS=\" --bip=10.1.74.1/24 --ip-masq=false\"\n")]
    [InlineData("FLANNEL_IPMASQ=false", "DOCKER_OPTS=\" --bip=10.1.74.1/24 --ip-masq=true\"\n")]
    [InlineData("FLANNEL_MTU=1450", "DOCKER_OPTS=\" --bip=10.1.74.1/24 --mtu=1450\"\n")]
    [InlineData("export FLANNEL_MTU='1450' # written by hand", "DOCKER_OPTS=\" --bip=10.1.74.1/24 --mtu=1450\"\n")]
    [InlineData("FLANNEL_MTU=\"1450\"; FLANNEL_IPMASQ=maybe", "DOCKER_OPTS=\" --bip=10.1.74.1/24 --mtu=1450\"\n")]
    [InlineData("# FLANNEL_MTU=1450\nnot an assignment\n=1\n1A=2\nFLANNEL_X=", "DOCKER_OPTS=\" --bip=10.1.74.1/24\"\n")]
    [InlineData("DOCKER_OPT_ZEBRA=--stripes\nFLANNEL_MTU=1450", "DOCKER_OPTS=\" --bip=10.1.74.1/24 --mtu=1450 --stripes\"\n")]
    [InlineData("DOCKER_OPTS=--debug\nFLANNEL_MTU=1450", "DOCKER_OPTS=\"--debug  --bip=10.1.74.1/24 --mtu=1450\"\n")] // two blanks, as the script has
    public void File_IsReadAsAShellWould(string file, string expected)
    {
        File.WriteAllText(Input, $"FLANNEL_SUBNET=10.1.74.1/24\n{file}");

        (int code, string errors) = Run("-c");

        Assert.Equal("", errors);
        Assert.Equal(0, code);
        Assert.Equal(expected, File.ReadAllText(Output));
    }

    [Fact]
    public void IpMasq_NeitherTrueNorFalse_FailsAndWritesNothing()
    {
        File.WriteAllText(Input, "FLANNEL_SUBNET=10.1.74.1/24\nFLANNEL_IPMASQ=yes\n");

        (int code, string errors) = Run();

        Assert.Equal(1, code);
        Assert.Contains("FLANNEL_IPMASQ is \"yes\"; it must be true or false", errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Output));
        Assert.Equal(0, Run("-m").Code); // then nobody looks at it
    }

    /// <summary>Without <c>--bip</c> Docker would start with a network outside of flannel's, and with nonsense not at all.</summary>
    [Theory]
    [InlineData("FLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n", "has no FLANNEL_SUBNET")]
    [InlineData("FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUB", "has no FLANNEL_SUBNET")]
    [InlineData("FLANNEL_SUBNET=\nFLANNEL_MTU=1450\n", "has no FLANNEL_SUBNET")]
    [InlineData("FLANNEL_IPV6_NETWORK=fd00:5::/48\nFLANNEL_IPV6_SUBNET=fd00:5:0:1::1/64\nFLANNEL_MTU=1450\n", "has an IPv6 subnet only")]
    [InlineData("FLANNEL_SUBNET=abc\nFLANNEL_MTU=1450\n", "FLANNEL_SUBNET is \"abc\"")]
    [InlineData("FLANNEL_SUBNET=10.1.74.1\n", "FLANNEL_SUBNET is \"10.1.74.1\"")]
    [InlineData("FLANNEL_SUBNET=10.1.74.1/\n", "FLANNEL_SUBNET is \"10.1.74.1/\"")]
    [InlineData("FLANNEL_SUBNET=10.1.74.1/33\n", "FLANNEL_SUBNET is \"10.1.74.1/33\"")]
    [InlineData("FLANNEL_SUBNET=10.1.1/24\n", "FLANNEL_SUBNET is \"10.1.1/24\"")]
    [InlineData("FLANNEL_SUBNET=10.1.074.1/24\n", "FLANNEL_SUBNET is \"10.1.074.1/24\"")]
    [InlineData("FLANNEL_SUBNET=fd00:5:0:1::1/64\n", "FLANNEL_SUBNET is \"fd00:5:0:1::1/64\"")]
    [InlineData("FLANNEL_SUBNET=10.1.74.1/24\nFLANNEL_MTU=0\n", "FLANNEL_MTU is \"0\"")]
    [InlineData("FLANNEL_SUBNET=10.1.74.1/24\nFLANNEL_MTU=jumbo\n", "FLANNEL_MTU is \"jumbo\"")]
    [InlineData("FLANNEL_SUBNET=10.1.74.1/24\nFLANNEL_MTU=65536\n", "FLANNEL_MTU is \"65536\"")]
    [InlineData("FLANNEL_SUBNET=10.1.74.1/24\nFLANNEL_MTU=+1450\n", "FLANNEL_MTU is \"+1450\"")]
    public void SubnetFile_WithNoUsableSubnetOrMtu_FailsAndWritesNothing(string file, string expected)
    {
        File.WriteAllText(Input, file);

        (int code, string errors) = Run("-c");

        Assert.Equal(1, code);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Output));
    }

    [Fact]
    public void SubnetFile_Missing_FailsAndLeavesTheOutput()
    {
        File.WriteAllText(Output, "what was there before\n");

        (int code, string errors) = Run("-c");

        Assert.Equal(1, code);
        Assert.Contains($"there is no {Input}; is flanneld ready", errors, StringComparison.Ordinal);
        Assert.Equal("what was there before\n", File.ReadAllText(Output));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n \n")]
    [InlineData("# FLANNEL_SUBNET=10.1.74.1/24\n")]
    [InlineData("FLANNEL_SUBNET")]
    [InlineData("PATH=/bin\n")]
    public void SubnetFile_WithoutFlannelsVariables_FailsAndWritesNothing(string file)
    {
        File.WriteAllText(Input, file);

        (int code, string errors) = Run();

        Assert.Equal(1, code);
        Assert.Contains($"{Input} has none of flannel's variables", errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Output));
    }

    [Fact]
    public void SubnetFile_IsADirectory_Fails()
    {
        Directory.CreateDirectory(Input);

        (int code, string errors) = Run();

        Assert.Equal(1, code);
        Assert.Contains("is a directory", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void OutputThatCannotBeWritten_Fails()
    {
        File.WriteAllText(Input, SubnetFile);
        var errors = new StringWriter();

        Assert.Equal(1, DockerOptionsCommand.Run(["-f", Input, "-d", Path.Combine(_folder.FullName, "missing", "docker.env")], errors));
        Assert.Contains("docker.env", errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-h")]
    [InlineData("-?")]
    [InlineData("-x")]
    [InlineData("-f")]
    public void Usage_IsShownWithCodeOne(string option)
    {
        var errors = new StringWriter();

        Assert.Equal(1, DockerOptionsCommand.Run([option], errors));
        Assert.Contains("usage: flanneld docker-opts", errors.ToString(), StringComparison.Ordinal);
    }

    private (int Code, string Errors) Run(params string[] options)
    {
        var errors = new StringWriter();
        int code = DockerOptionsCommand.Run(["-f", Input, "-d", Output, .. options], errors);
        return (code, errors.ToString());
    }
}
