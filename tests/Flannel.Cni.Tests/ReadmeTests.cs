namespace Flannel.Cni.Tests;

/// <summary>The samples of the package's README, compiled and run. The architecture tests compare them with what the README shows.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void Result_IsConverted()
    {
        using var output = new StringWriter();
        ShowResult(new Output(output));
        Assert.Equal("10.1.2.1\n{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.1.2.3/24\",\"gateway\":\"10.1.2.1\"}],\"dns\":{}}\n", output.ToString());
    }

    private static void ShowResult(Output Console)
    {
        #region Result
        CniResult result = CniResult.Parse("""{ "cniVersion": "0.2.0", "ip4": { "ip": "10.1.2.3/24", "gateway": "10.1.2.1" } }"""u8);
        Console.WriteLine(result.Addresses[0].Gateway); // 10.1.2.1
        Console.WriteLine(result.ConvertTo("1.0.0")); // {"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24","gateway":"10.1.2.1"}],"dns":{}}
        #endregion
    }

    private sealed class Output(TextWriter writer)
    {
        public void WriteLine(object? value) => writer.WriteLine(value);
    }
}
