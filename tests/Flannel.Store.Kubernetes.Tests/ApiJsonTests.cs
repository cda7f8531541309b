using System.Text;
using System.Text.Json;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.Tests;

public sealed class ApiJsonTests
{
    private const string Node = """
        {"kind":"Node","metadata":{"name":"a","uid":"u","resourceVersion":"7","creationTimestamp":"2026-01-01T00:00:00Z",
         "annotations":{"flannel.alpha.coreos.com\/public-ip":"1.2.3.4","other":"x","flannel.alpha.coreos.com/backend-data":"{\"a\":\"\u00e9\"}"},
         "managedFields":[{"name":"wrong","annotations":{"flannel.alpha.coreos.com/public-ip":"9.9.9.9"}}]},
         "spec":{"podCIDR":"10.0.0.0/24","podCIDRs":["10.1.0.0/24","fd00::/64"],"taints":[{"podCIDR":"no"}]},
         "status":{"name":"wrong","conditions":[{"type":"Ready","status":"True","reason":"x"},{"reason":"FlannelIsUp","status":"False","type":"NetworkUnavailable"}],
         "images":[{"names":["a","b"]}]}}
        """;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task Objects_AreReadTheSame_HoweverTheyArrive(int piece)
    {
        ApiItem single = Assert.Single(await ReadAsync(ApiShape.Object, Node, piece));
        ApiItem[] listed = await ReadAsync(
            ApiShape.List, $$"""{"kind":"NodeList","metadata":{"resourceVersion":"9","continue":"c"},"items":[{{Node}},{{Node}}]}""", piece);
        ApiItem[] watched =
            await ReadAsync(ApiShape.Watch, $$$"""{"type":"ADDED","object":{{{Node}}}}{{{"\n"}}}{"type":"DELETED","object":{{{Node}}}}""", piece);

        Assert.Equal(2, listed.Length);
        Assert.Equal([ApiItemKind.Added, ApiItemKind.Deleted], watched.Select(item => item.Kind));
        foreach (ApiObject found in listed.Concat(watched).Select(item => item.Object).Prepend(single.Object))
        {
            Assert.Equal(("a", "u", "7", "2026-01-01T00:00:00Z"), (found.Name, found.Uid, found.ResourceVersion, found.Created));
            Assert.Equal(["10.1.0.0/24", "fd00::/64"], found.PodCidrs);
            Assert.Equal(("1.2.3.4", "{\"a\":\"é\"}"), (found.Annotations[Annotation.PublicIP], found.Annotations[Annotation.BackendData]));
            Assert.Equal("False FlannelIsUp", found.NetworkUnavailable);
        }
    }

    [Fact]
    public async Task Status_IsRead()
    {
        ApiItem item = Assert.Single(
            await ReadAsync(
                ApiShape.Watch,
                """{"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"m","reason":"Expired","details":{"retryAfterSeconds":3,"causes":[{"reason":"c"},{"reason":"d"}]},"code":410}}""",
                11));

        Assert.Equal(new ApiStatus(410, "Expired", "m", 3, "c"), item.Status);
    }

    [Fact]
    public async Task Hostile_Input_EndsInAJsonException_OrIsRead()
    {
        var random = new Random(7);
        byte[] list = Encoding.UTF8.GetBytes($$"""{"kind":"NodeList","metadata":{"resourceVersion":"9"},"items":[{{Node}}]}""");
        for (int i = 0; i < 3000; i++)
        {
            byte[] mutated = [.. list];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
                mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            int length = random.Next(mutated.Length + 1);
            try
            {
                await ReadAsync(ApiShape.List, mutated.AsMemory(0, length), random.Next(1, 200));
            }
            catch (JsonException)
            {
                // This is how it may end.
            }
        }
    }

    [Fact]
    public async Task String_BeyondEveryLimit_IsRefused() => await Assert.ThrowsAsync<JsonException>(async () =>
        await ReadAsync(ApiShape.Object, Encoding.UTF8.GetBytes($$"""{"a":"{{new string('x', 40 << 20)}}"}"""), 1 << 20));

    private static Task<ApiItem[]> ReadAsync(ApiShape shape, string text, int piece) => ReadAsync(shape, Encoding.UTF8.GetBytes(text), piece);

    private static async Task<ApiItem[]> ReadAsync(ApiShape shape, ReadOnlyMemory<byte> text, int piece)
    {
        ReadOnlyMemory<byte> left = text;
        var decoder = new ApiDecoder(shape, new AnnotationNames("flannel.alpha.coreos.com"));
        List<ApiItem> found = [];
        await foreach (IReadOnlyList<ApiItem> items in ApiJson.ReadAsync(Next, decoder, CancellationToken.None))
            found.AddRange(items);
        return [.. found];

        ValueTask<int> Next(Memory<byte> buffer, CancellationToken token)
        {
            int count = Math.Min(Math.Min(piece, buffer.Length), left.Length);
            left[..count].CopyTo(buffer);
            left = left[count..];
            return ValueTask.FromResult(count);
        }
    }
}
