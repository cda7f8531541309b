using Flanneld.Docker;

namespace Flanneld.Tests.Docker;

public sealed class DockerOptionsTests
{
    [Theory]
    [InlineData("/run/flannel/subnet.env", "/run/docker_opts.env", true, true, "DOCKER_OPTS", true)]
    [InlineData("/a", "/b", true, true, "DOCKER_OPTS", true, "-f", "/a", "-d", "/b")]
    [InlineData("/a", "/b", true, true, "DOCKER_OPTS", true, "-f/a", "-d/b")]
    [InlineData("/run/flannel/subnet.env", "/run/docker_opts.env", true, false, "DOCKER_OPTS", true, "-i")]
    [InlineData("/run/flannel/subnet.env", "/run/docker_opts.env", false, true, "DOCKER_OPTS", true, "-c")]
    [InlineData("/run/flannel/subnet.env", "/run/docker_opts.env", true, true, "DOCKER_OPTS", false, "-icm")]
    [InlineData(
        "/run/flannel/subnet.env",
        "/run/flannel/docker",
        true,
        true,
        "DOCKER_NETWORK_OPTIONS",
        true,
        "-k",
        "DOCKER_NETWORK_OPTIONS",
        "-d",
        "/run/flannel/docker")]
    [InlineData("/run/flannel/subnet.env", "/x", false, true, "KEY", false, "-mcd/x", "-kKEY", "--")]
    public void Options_AreReadAsGetoptsReadsThem(
        string file, string output, bool individual, bool combined, string key, bool ipMasq, params string[] arguments)
    {
        DockerOptions? options = DockerOptions.Parse(arguments, out string problem);

        Assert.Equal("", problem);
        Assert.NotNull(options);
        Assert.Equal(
            (file, output, individual, combined, key, ipMasq),
            (options.SubnetFile, options.Output, options.WithIndividual, options.WithCombined, options.CombinedKey, options.WithIpMasq));
    }

    [Theory]
    [InlineData("there is no option -x", "-x")]
    [InlineData("there is no option --", "--help")]
    [InlineData("option -f needs a value", "-f")]
    [InlineData("option -k needs a value", "-k", "")]
    [InlineData("option -k cannot be \"a b\"", "-k", "a b")]
    [InlineData("option -k cannot be \"1A\"", "-k1A")]
    [InlineData("\"word\" is not expected", "word")]
    [InlineData("\"word\" is not expected", "-i", "--", "word")]
    [InlineData("", "-h")]
    [InlineData("", "-?")]
    public void Mistake_IsNamed(string expected, params string[] arguments)
    {
        Assert.Null(DockerOptions.Parse(arguments, out string problem));
        if (expected.Length == 0) Assert.Equal("", problem);
        else Assert.StartsWith(expected, problem, StringComparison.Ordinal);
    }
}
