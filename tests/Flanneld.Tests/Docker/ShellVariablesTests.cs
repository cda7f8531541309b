using System.Text;
using Flannel.Lab.Fuzzing;
using Flanneld.Docker;
using FsCheck;
using FsCheck.Fluent;

namespace Flanneld.Tests.Docker;

public sealed class ShellVariablesTests
{
    [Fact]
    public void Parse_MutatedFile_GivesVariablesOrNone() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(2000),
            Prop.ForAll(
                Mutations.Of("# made\nexport FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET='10.5.7.1/24'; A=\"b \\\" c\" # end\nFLANNEL_MTU=1\\4\n")
                    .ToArbitrary(),
                static bytes => Assert.All(
                    ShellVariables.Parse(Encoding.UTF8.GetString(bytes)), static variable => Assert.True(ShellVariables.IsName(variable.Key)))));
}
