using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Lab.Fuzzing;

/// <summary>Hostile documents: a valid one with a few bytes changed, lost, doubled or put in.</summary>
public static class Mutations
{
    private static readonly string[] Pieces =
        [
            "",
            "\"",
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "null",
            "true",
            "0",
            "-1",
            "1e999",
            "\\",
            "\\u",
            "\\ud800",
            "\0",
            " ",
            "\u2028",
            "::",
            "/",
            ".",
            "\"\"",
            "\n",
            "\t",
            "- ",
            "&a",
            "*a",
            "!!",
            "<<:",
            "--",
            "=",
        ];

    /// <summary>Such documents of one.</summary>
    public static Gen<byte[]> Of(string document) =>
        from count in Gen.Choose(1, 4)
        from edits in Edit(document.Length).ListOf(count)
        select edits.Aggregate(Encoding.UTF8.GetBytes(document), (bytes, edit) => edit(bytes));

    private static Gen<Func<byte[], byte[]>> Edit(int length) =>
        from position in Gen.Choose(0, length)
        from removed in Gen.Frequency((3, Gen.Choose(0, 3)), (1, Gen.Choose(0, length)))
        from piece in Gen.OneOf(Gen.Elements(Pieces).Select(Encoding.UTF8.GetBytes), Gen.Choose(0, 255).Select(value => new[] { (byte)value }))
        select new Func<byte[], byte[]>(bytes =>
        {
            int start = Math.Min(position, bytes.Length);
            int end = Math.Min(start + removed, bytes.Length);
            return [.. bytes[..start], .. piece, .. bytes[end..]];
        });
}
