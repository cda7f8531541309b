using Flannel.Integration.Tests.Tree;

namespace Flannel.Integration.Tests.Packages;

/// <summary>Who has nothing but the package for tests can try a store and run a cluster, without a test framework and without a privilege.</summary>
[Collection(PackageFeed.Collection)]
public sealed class OutsideTestingTests(PackageFeed feed)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [SkippableFact]
    public async Task Program_OnThePackageForTests_TriesItsStoreAndRunsACluster()
    {
        string source = Repository.PathOf("tests", "Flannel.Integration.Tests", "Packages", "OutsideTesting", "Program.cs");
        using OutsideProgram program = await OutsideProgram.BuildAsync(feed, source, "Flannel.Testing", isNative: false);
        await using OutsideProcess process = program.Start(isNative: false);

        string output = await process.Output.ReadToEndAsync().WaitAsync(Limit);

        Assert.Contains("The store passed ", output, StringComparison.Ordinal);
        Assert.Contains("Three nodes, one moved (True), one crashed, ", output, StringComparison.Ordinal);
        Assert.Equal(0, await process.WaitForEndAsync());
    }
}
