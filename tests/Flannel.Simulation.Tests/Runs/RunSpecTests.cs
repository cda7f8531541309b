using Flannel.Simulation.Runs;

namespace Flannel.Simulation.Tests.Runs;

public sealed class RunSpecTests
{
    [Theory]
    [InlineData("4711")]
    [InlineData("4711:3")]
    [InlineData("4711:3:")]
    [InlineData("4711:3:0,4,9")]
    public void Parse_WhatWasWritten_IsTheSame(string text) => Assert.Equal(text, RunSpec.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("a:3")]
    [InlineData("1:2:x")]
    public void Parse_Nonsense_SaysHowARunIsWritten(string text) =>
        Assert.Contains("seed:hosts:fault,fault", Assert.Throws<FormatException>(() => RunSpec.Parse(text)).Message, StringComparison.Ordinal);
}
