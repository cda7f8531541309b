using System.Text;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.Tests;

/// <summary>What is kept of a list, in bytes. Runs alone: the heap is everybody's.</summary>
[CollectionDefinition(nameof(ApiMemoryTests), DisableParallelization = true)]
[Collection(nameof(ApiMemoryTests))]
public sealed class ApiMemoryTests
{
    [Fact]
    public async Task FiveThousandNodes_CostWhatIsKeptOfThem()
    {
        // 90 MB, made as it is read.
        string filler = new('x', 17_000);
        IEnumerable<byte[]> pieces = Enumerable.Range(0, 5000)
            .Select(
                i =>
                    Encoding.UTF8.GetBytes(
                        $$$"""{{{(i == 0 ? """{"metadata":{"resourceVersion":"1"},"items":[""" : ",")}}}{"metadata":{"name":"n{{{i}}}","annotations":{"flannel.alpha.coreos.com/kube-subnet-manager":"true","flannel.alpha.coreos.com/backend-data":"{\"VNI\":1,\"VtepMAC\":\"aa:bb:cc:dd:ee:ff\"}","large":"{{{filler}}}"}},"spec":{"podCIDR":"10.0.0.0/24"},"status":{}}"""))
            .Append("]}"u8.ToArray());
        using IEnumerator<byte[]> source = pieces.GetEnumerator();
        ReadOnlyMemory<byte> left = default;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        List<ApiObject> kept = [];
        var decoder = new ApiDecoder(ApiShape.List, new AnnotationNames("flannel.alpha.coreos.com"));
        await foreach (IReadOnlyList<ApiItem> items in ApiJson.ReadAsync(Next, decoder, CancellationToken.None))
            kept.AddRange(items.Select(item => item.Object));
        long after = GC.GetTotalMemory(forceFullCollection: true);

        Assert.Equal(5000, kept.Count);
        Assert.True(after - before < 20 << 20, $"{after - before:N0} bytes are kept");
        GC.KeepAlive(kept);

        ValueTask<int> Next(Memory<byte> buffer, CancellationToken token)
        {
            if (left.IsEmpty)
                left = source.MoveNext() ? source.Current : default;
            int count = Math.Min(buffer.Length, left.Length);
            left[..count].CopyTo(buffer);
            left = left[count..];
            return ValueTask.FromResult(count);
        }
    }
}
