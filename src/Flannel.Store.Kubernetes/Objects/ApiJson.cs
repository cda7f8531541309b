using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Flannel.Store.Kubernetes.Objects;

/// <summary>Reads an answer piece by piece as it comes, and never holds more of it than the longest string in it.</summary>
internal static class ApiJson
{
    private const int FirstSize = 32 * 1024;

    // The API server takes objects of at most 1.5 MB; escaping makes their strings longer.
    private const int MaxSize = 16 * 1024 * 1024;

    // Beyond all that the API's own types have.
    private const int MaxDepth = 256;

    /// <summary>Delivers the objects of an answer, those together that came together.</summary>
    /// <param name="read">Reads the next piece into a buffer; zero at the end.</param>
    /// <param name="decoder">Picks the objects out. What is delivered is its list, which is emptied afterwards.</param>
    /// <param name="cancellationToken">Ends the sequence.</param>
    /// <exception cref="JsonException">The answer is no JSON, ends in the middle, or holds a string beyond every limit.</exception>
    public static async IAsyncEnumerable<IReadOnlyList<ApiItem>> ReadAsync(
        Func<Memory<byte>, CancellationToken, ValueTask<int>> read, ApiDecoder decoder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstSize);
        var state = new JsonReaderState(new JsonReaderOptions { MaxDepth = MaxDepth, AllowMultipleValues = true });
        int filled = 0;
        bool hasBegun = false;
        try
        {
            while (true)
            {
                if (filled == buffer.Length)
                    buffer = Grow(buffer, filled);
                int count = await read(buffer.AsMemory(filled), cancellationToken).ConfigureAwait(false);
                filled += count;
                hasBegun |= count > 0;
                // An empty answer is a watch that ended before anything happened.
                if (hasBegun)
                {
                    int consumed = Take(buffer.AsSpan(0, filled), count == 0, decoder, ref state);
                    buffer.AsSpan(consumed, filled - consumed).CopyTo(buffer);
                    filled -= consumed;
                }

                if (decoder.Items.Count > 0)
                {
                    yield return decoder.Items;
                    decoder.Items.Clear();
                }

                if (count == 0)
                    yield break;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int Take(ReadOnlySpan<byte> piece, bool isLast, ApiDecoder decoder, ref JsonReaderState state)
    {
        var reader = new Utf8JsonReader(piece, isLast, state);
        try
        {
            while (reader.Read())
                decoder.Take(ref reader);
        }
        catch (InvalidOperationException error)
        {
            throw new JsonException("it holds text that is no UTF-8", error);
        }

        state = reader.CurrentState;
        return (int)reader.BytesConsumed;
    }

    private static byte[] Grow(byte[] full, int filled)
    {
        if (filled >= MaxSize)
            throw new JsonException($"a string in it is longer than {MaxSize >> 20} MiB");
        byte[] larger = ArrayPool<byte>.Shared.Rent(filled * 2);
        full.AsSpan(0, filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(full);
        return larger;
    }
}
