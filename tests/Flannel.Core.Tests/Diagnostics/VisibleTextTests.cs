using Flannel.Core.Hosting;
using Flannel.Extensibility;

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
