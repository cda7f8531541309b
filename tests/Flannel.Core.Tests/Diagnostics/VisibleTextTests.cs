using Flannel.Core.Hosting;
using Flannel.Extensibility;
using Flannel.Lab.Fuzzing;

namespace Flannel.Core.Tests.Diagnostics;

public sealed class VisibleTextTests
{
    [Theory]
    [InlineData(0x00, 0x1f)]
    [InlineData(0x7f, 0x9f)]
    [InlineData(0x061c, 0x061c)]
    [InlineData(0x200b, 0x200f)]
    [InlineData(0x2028, 0x202e)]
    [InlineData(0x2060, 0x2069)]
    [InlineData(0xfeff, 0xfeff)]
    public void Of_CharactersThatAreObeyed_AreWrittenOut(int first, int last)
    {
        for (int c = first; c <= last; c++)
            if (c != 0x2065) Assert.Equal($"a\\u{c:x4}b", VisibleText.Of($"a{(char)c}b"));
    }

    [Theory]
    [InlineData(0xe0001, 0xe0001)]
    [InlineData(0xe0020, 0xe007f)]
    public void Of_Tags_AreWrittenOut(int first, int last)
    {
        for (int c = first; c <= last; c++) Assert.Equal($"a\\U{c:x8}b", VisibleText.Of($"a{char.ConvertFromUtf32(c)}b"));
    }

    [Fact]
    public void Of_HalfASurrogatePair_IsWrittenOut()
    {
        Assert.Equal("a\\ud83d", VisibleText.Of("a🙂"[..2]));
        Assert.Equal("\\ude42b", VisibleText.Of("🙂b"[1..]));
    }

    [Theory]
    [InlineData("hello", 5, "hello")]
    [InlineData("hello", 4, "hell…")]
    [InlineData("hel🙂", 4, "hel…")]
    [InlineData("hel🙂", 5, "hel🙂")]
    [InlineData("he\nlo", 6, "he…")]
    [InlineData("he\n", 8, "he\\u000a")]
    public void Of_LongText_IsCutBetweenCharacters(string text, int maxLength, string expected) =>
        Assert.Equal(expected, VisibleText.Of(text, maxLength));

    [Fact]
    public void Of_ErrorWithPlainMessages_IsTheSame()
    {
        var error = new InvalidOperationException("it failed", new AggregateException(new IOException("no room"), new IOException("no room")));
        Assert.Same(error, VisibleText.Of(error));
    }

    [Fact]
    public void Of_ErrorThatQuotes_AnywhereInItsCauses_IsShown()
    {
        foreach (Exception error in (Exception[])[
            new IOException(HostileText.Sample), new IOException("it failed", new IOException(HostileText.Sample)),
            new AggregateException("several", new IOException("one"), new IOException(HostileText.Sample)),
            Enumerable.Range(0, 100).Aggregate(new IOException(HostileText.Sample), (inner, _) => new IOException("outer", inner))])
        {
            string shown = VisibleText.Of(error).ToString();
            Assert.Contains(nameof(IOException), shown, StringComparison.Ordinal);
            Assert.All(shown.Split(Environment.NewLine), line => Assert.True(HostileText.IsShown(line, 32 << 10), line));
        }
    }

    [Fact]
    public void Causes_OfEveryError_AreVisible() => Assert.All(
        new StoreException(HostileText.Sample, isTransient: true, new IOException(HostileText.Sample)).ToString().Split(Environment.NewLine),
        line => Assert.True(HostileText.IsShown(line, 32 << 10), line));

    [Theory]
    [InlineData("")]
    [InlineData("Zürich 东京 🙂 <&>\"\\")]
    public void Of_OtherText_IsTheSame(string text) => Assert.Same(text, VisibleText.Of(text));

    [Fact]
    public void Message_OfEveryError_IsVisible() =>
        Assert.Equal("etcd said \\u202eolleh\\u2028", new StoreException("etcd said \u202Eolleh\u2028", isTransient: true).Message);

    [Fact]
    public void Reason_WithAKeyOfTheStore_IsVisible()
    {
        var condition = new NodeCondition
        {
            IsRunning = true,
            Quarantine = new QuarantineChanged([new QuarantinedLease("\u202E10.5.1.0-24\n", "is wrong", 1)], 1, 0),
        };

        Assert.Contains("\\u202e10.5.1.0-24\\u000a", condition.ToStatus().Reason, StringComparison.Ordinal);
        Assert.Contains("\\u202e", condition.Quarantine.ToString(), StringComparison.Ordinal);
    }
}
