using Flannel.Lab.Logging;
using Flanneld.CommandLine;

namespace Flanneld.Tests.CommandLine;

/// <summary>What has no effect is said, so that nobody wonders.</summary>
public sealed class NotesTests
{
    [Theory]
    [InlineData("flag -kube-api-url has no effect without -kube-subnet-mgr", "--kube-api-url=https://a")]
    [InlineData("flag -set-node-network-unavailable has no effect without " +
        "-kube-subnet-mgr", "--set-node-network-unavailable=false", "--store=memory")]
    [InlineData("flag -etcd-endpoints has no effect with -kube-subnet-mgr", "--kube-subnet-mgr", "--etcd-endpoints=http://a:1")]
    [InlineData("flag -net-config-path has no effect", "--net-config-path=/x")]
    [InlineData("flag -vmodule has no effect", "--kube-subnet-mgr", "--vmodule=a=1")]
    public void Flag_WithoutEffect_IsNamed(string expected, params string[] arguments) =>
        Assert.StartsWith(expected, Assert.Single(Notes(_ => null, arguments)), StringComparison.Ordinal);

    [Theory]
    [InlineData(
        "--kube-subnet-mgr", "--net-config-path=/x", "--kube-api-url=https://a", "--kubeconfig-file=x", "--set-node-network-unavailable=false")]
    [InlineData("--store=memory", "--net-config-path=/x")]
    [InlineData("--etcd-endpoints=http://a:1")]
    public void Flag_WithEffect_IsNot(params string[] arguments) => Assert.Empty(Notes(_ => null, arguments));

    /// <summary>flannel's manifest sets EVENT_QUEUE_DEPTH.</summary>
    [Theory]
    [InlineData("EVENT_QUEUE_DEPTH", "5000")]
    [InlineData("EVENT_QUEUE_DEPTH", "many")]
    [InlineData("CONT_WHEN_CACHE_NOT_READY", "true")]
    public void VariablesOfFlannel_AreTakenAndSaidToHaveNoEffect(string name, string value)
    {
        Assert.StartsWith(
            $"{name} has no effect: ", Assert.Single(Notes(asked => asked == name ? value : null, "--kube-subnet-mgr")), StringComparison.Ordinal);
        Assert.Empty(Notes(asked => asked == name ? value : null));
    }

    private static IReadOnlyList<string> Notes(Func<string, string?> variable, params string[] arguments)
    {
        List<string> problems = [];
        FlagValues values = new FlagSet(FlanneldFlags.All).Parse(arguments, problems);
        Assert.Empty(problems);
        var logger = new RecordingLogger<NotesTests>();
        Log.Notes(logger, values, variable);
        return [.. logger.Lines.Select(line => line.Text)];
    }
}
