using Flanneld.CommandLine;

namespace Flanneld.Tests.CommandLine;

public sealed class GoTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("60", 60)]
    [InlineData("+7", 7)]
    [InlineData("-1", -1)]
    [InlineData("0x1F", 31)]
    [InlineData("0X1f", 31)]
    [InlineData("0b101", 5)]
    [InlineData("0o17", 15)]
    [InlineData("017", 15)]
    [InlineData("00", 0)]
    [InlineData("1_000", 1000)]
    [InlineData("0_7", 7)]
    [InlineData("0x_ff", 255)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("-9223372036854775808", long.MinValue)]
    public void Number_IsReadAsGoReadsIt(string text, long expected)
    {
        Assert.True(GoText.TryParseNumber(text, out long number));
        Assert.Equal(expected, number);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData("five")]
    [InlineData("0x")]
    [InlineData("08")]
    [InlineData("0b2")]
    [InlineData("_1")]
    [InlineData("1_")]
    [InlineData("1__0")]
    [InlineData("--1")]
    [InlineData("9223372036854775808")]
    [InlineData("99999999999999999999999999999999999999999999")]
    public void Number_OfAnotherForm_IsRefused(string text) => Assert.False(GoText.TryParseNumber(text, out _));

    [Theory]
    [InlineData("1", true)]
    [InlineData("t", true)]
    [InlineData("T", true)]
    [InlineData("true", true)]
    [InlineData("True", true)]
    [InlineData("TRUE", true)]
    [InlineData("0", false)]
    [InlineData("f", false)]
    [InlineData("F", false)]
    [InlineData("false", false)]
    [InlineData("False", false)]
    [InlineData("FALSE", false)]
    public void Switch_IsReadAsGoReadsIt(string text, bool expected)
    {
        Assert.True(GoText.TryParseSwitch(text, out bool value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("yes")]
    [InlineData("on")]
    [InlineData("tRUE")]
    [InlineData("2")]
    public void Switch_OfAnotherForm_IsRefused(string text) => Assert.False(GoText.TryParseSwitch(text, out _));
}
