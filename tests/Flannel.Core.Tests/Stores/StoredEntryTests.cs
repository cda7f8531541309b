using Flannel.Extensibility;

namespace Flannel.Core.Tests.Stores;

public sealed class StoredEntryTests
{
    private static readonly StoredEntry Entry = new("10.5.52.0-24", """{"PublicIP":"192.168.0.1"}"""u8.ToArray(), 3, 4, HasTimeToLive: true);

    [Fact]
    public void TryRead_Twice_IsReadOnce()
    {
        Assert.True(Entry.TryRead(out LeaseAttributes? first, out _));
        Assert.True(Entry.TryRead(out LeaseAttributes? second, out _));
        Assert.Equal("192.168.0.1", first.PublicIP!.ToString());
        Assert.Same(first, second);
    }

    [Fact]
    public void TryRead_CopyWithAnotherDocument_IsThatOne()
    {
        Assert.True(Entry.TryRead(out _, out _));
        StoredEntry other = Entry with { Value = """{"PublicIP":"192.168.0.2"}"""u8.ToArray() };
        Assert.True(other.TryRead(out LeaseAttributes? attributes, out _));
        Assert.Equal("192.168.0.2", attributes.PublicIP!.ToString());
        StoredEntry broken = other with { Value = "{not json"u8.ToArray() };
        Assert.False(broken.TryRead(out _, out string? problem));
        Assert.NotEmpty(problem);
        Assert.False(broken.TryRead(out _, out string? again));
        Assert.Equal(problem, again);
    }

    [Fact]
    public void Equals_AReadOneAndOneThatWasNot_AreTheSame()
    {
        StoredEntry unread = Entry with { Value = Entry.Value.ToArray() };
        Assert.True(Entry.TryRead(out _, out _));
        Assert.Equal(unread, Entry);
        Assert.Equal(unread.ToString(), Entry.ToString());
    }
}
