using System.Text;
using Flannel.Lab.Fuzzing;
using Flanneld.CommandLine;
using Flanneld.Hosting;
using FsCheck;
using FsCheck.Fluent;

namespace Flanneld.Tests.CommandLine;

/// <summary>The rules of Go's flag package.</summary>
public sealed class FlagSetTests
{
    private static readonly Flag Text = new("text", FlagKind.Text, "default", "");
    private static readonly Flag Number = new("number", FlagKind.Number, "60", "");
    private static readonly Flag Switch = new("switch", FlagKind.Switch, "false", "");
    private static readonly Flag List = new("some-list", FlagKind.List, "", "");
    private static readonly FlagSet Flags = new([Text, Number, Switch, List]);

    private readonly List<string> _problems = [];

    [Theory]
    [InlineData("-text=a")]
    [InlineData("--text=a")]
    [InlineData("-text", "a")]
    [InlineData("--text", "a")]
    [InlineData("-text", "b", "--text=a")] // the last one counts
    [InlineData("--switch", "-text", "a")]
    [InlineData("-text=a", "--", "-text=b")]
    [InlineData("-text=a", "-", "-text=b")]
    [InlineData("-text=a", "word", "-text=b")]
    public void Value_IsFoundInEveryForm(params string[] arguments)
    {
        Assert.Equal("a", Flags.Parse(arguments, _problems).Text(Text));
        Assert.Empty(_problems);
    }

    [Theory]
    [InlineData("", "-text=")]
    [InlineData("", "-text", "")]
    [InlineData("=", "-text==")]
    [InlineData("a=b", "-text=a=b")]
    [InlineData("-switch", "-text", "-switch")] // the next argument is the value, whatever it looks like
    [InlineData("--", "-text", "--")]
    [InlineData("a b", "-text", "a b")]
    public void Value_IsTakenAsItIs(string expected, params string[] arguments)
    {
        FlagValues values = Flags.Parse(arguments, _problems);

        Assert.Equal(expected, values.Text(Text));
        Assert.False(values.IsOn(Switch));
        Assert.Empty(values.Arguments);
        Assert.Empty(_problems);
    }

    [Theory]
    [InlineData(true, "-switch")]
    [InlineData(true, "--switch")]
    [InlineData(true, "-switch=true")]
    [InlineData(true, "--switch=T")]
    [InlineData(false, "-switch=false")]
    [InlineData(false, "-switch", "-switch=0")]
    [InlineData(false)]
    public void Switch_TakesAValueOnlyBehindAnEqualsSign(bool expected, params string[] arguments)
    {
        Assert.Equal(expected, Flags.Parse(arguments, _problems).IsOn(Switch));
        Assert.Empty(_problems);
    }

    [Fact]
    public void Switch_FollowedByAWord_IsOnAndTheWordEndsTheFlags()
    {
        FlagValues values = Flags.Parse(["-switch", "false", "-text=a"], _problems);

        Assert.True(values.IsOn(Switch));
        Assert.Equal("default", values.Text(Text));
        Assert.Equal(["false", "-text=a"], values.Arguments);
    }

    [Fact]
    public void List_KeepsEveryValueInOrder() =>
        Assert.Equal(["a", "b,c", ""], Flags.Parse(["-some-list=a", "--some-list", "b,c", "-some-list="], _problems).List(List));

    [Fact]
    public void Default_CountsWhenNothingIsGiven()
    {
        FlagValues values = Flags.Parse([], _problems);

        Assert.Equal("default", values.Text(Text));
        Assert.Equal(60, values.Number(Number));
        Assert.Empty(values.List(List));
        Assert.False(values.IsGiven(Text));
    }

    [Theory]
    [InlineData("-h")]
    [InlineData("--h")]
    [InlineData("-help")]
    [InlineData("--help")]
    [InlineData("-text=a", "--help", "-nonsense")]
    public void Help_IsAFlagOfItsOwn(params string[] arguments)
    {
        Assert.True(Flags.Parse(arguments, _problems).IsHelp);
        Assert.Empty(_problems);
    }

    [Theory]
    [InlineData("--nonsense=1", "there is no flag -nonsense")]
    [InlineData("-etcd-endpoint=x", "there is no flag -etcd-endpoint; did you mean -etcd-endpoints?")]
    [InlineData("-ip-mask", "there is no flag -ip-mask; did you mean -ip-masq?")]
    [InlineData("-etcd-certfiles=x", "there is no flag -etcd-certfiles; did you mean -etcd-certfile?")]
    [InlineData("-iface-regexp=x", "there is no flag -iface-regexp; did you mean -iface-regex?")]
    public void UnknownFlag_IsAnsweredInOneShortLine(string argument, string expected)
    {
        new FlagSet(FlanneldFlags.All).Parse([argument], _problems);

        Assert.Equal(expected, Assert.Single(_problems));
    }

    [Theory]
    [InlineData("flag -number cannot be \"abc\": it must be a whole number", "-number=abc")]
    [InlineData("flag -switch cannot be \"yes\": it must be true or false", "-switch=yes")]
    [InlineData("flag -text needs a value", "-text")]
    [InlineData("there is no flag -TEXT; did you mean -text?", "-TEXT=a")]
    [InlineData("there is no flag -some_list; did you mean -some-list?", "-some_list=a")]
    [InlineData("there is no flag -numbr; did you mean -number?", "-numbr=1")]
    [InlineData("\"---text\" is not how a flag is written", "---text")]
    [InlineData("\"-=a\" is not how a flag is written", "-=a")]
    [InlineData("\"--=a\" is not how a flag is written", "--=a")]
    public void Mistake_IsNamedWithWhatIsAllowed(string expected, params string[] arguments)
    {
        Flags.Parse(arguments, _problems);

        Assert.StartsWith(expected, Assert.Single(_problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Mistakes_AreReportedTogether()
    {
        Flags.Parse(["-number=abc", "-switch=yes", "-nonsense"], _problems);

        Assert.Equal(3, _problems.Count);
    }

    [Fact]
    public void Environment_FillsInWhatTheCommandLineDoesNotSay()
    {
        FlagValues values = Flags.Parse(["-text=given"], _problems);
        Fill(values, ("FLANNELD_TEXT", "not used"), ("FLANNELD_NUMBER", "0x10"), ("FLANNELD_SWITCH", "true"), ("FLANNELD_SOME_LIST", "a,b"));

        Assert.Equal("given", values.Text(Text));
        Assert.Equal(16, values.Number(Number));
        Assert.True(values.IsOn(Switch));
        Assert.Equal(["a,b"], values.List(List)); // one value, commas or not
        Assert.Empty(_problems);
        Assert.Equal("flag -text", values.NameOf(Text));
        Assert.Equal("FLANNELD_NUMBER", values.NameOf(Number));
    }

    [Fact]
    public void Environment_WithAnEmptyValue_DoesNotCount()
    {
        FlagValues values = Flags.Parse([], _problems);
        Fill(values, ("FLANNELD_TEXT", ""), ("FLANNELD_NUMBER", ""));

        Assert.Equal("default", values.Text(Text));
        Assert.Equal(60, values.Number(Number));
        Assert.Empty(_problems);
    }

    [Fact]
    public void Environment_WithAWrongValue_IsReportedAndTheDefaultCounts()
    {
        FlagValues values = Flags.Parse([], _problems);
        Fill(values, ("FLANNELD_NUMBER", "soon"), ("FLANNELD_SWITCH", "maybe"));

        Assert.Equal(60, values.Number(Number));
        Assert.False(values.IsOn(Switch));
        Assert.Contains("FLANNELD_NUMBER cannot be \"soon\": it must be a whole number", _problems[0], StringComparison.Ordinal);
        Assert.Equal(2, _problems.Count);
    }

    private void Fill(FlagValues values, params (string Name, string Value)[] environment) => Flags.FillFromEnvironment(
        values, name => environment.FirstOrDefault(variable => variable.Name == name).Value, _problems);

    [Fact]
    public void Parse_MutatedCommandLine_SaysWhatIsWrongOrTakesIt() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000),
        Prop.ForAll(
            Mutations.Of("-iface=eth0 --ip-masq -healthz-port 8081 -etcd-endpoints=http://127.0.0.1:2379 -public-ip=10.0.0.1").ToArbitrary(),
            static bytes =>
        {
            List<string> problems = [];
            FlagValues values = new FlagSet(FlanneldFlags.All).Parse(Encoding.UTF8.GetString(bytes).Split(' '), problems);
            if (problems.Count == 0) problems.AddRange(SettingsRules.Check(values));
            Assert.All(problems, Assert.NotEmpty);
        }));
}
