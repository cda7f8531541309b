using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flannel.Core.Addressing;
using Flannel.Extensibility;

namespace Flannel;

public sealed partial record SubnetFile
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>
    /// Reads a file that we, flannel or an administrator wrote. As tolerant as flannel: comments, quotes and <c>export</c> are understood; what
    /// cannot be understood is left out and told to <paramref name="onIgnored"/>.
    /// </summary>
    /// <param name="path">The file's path.</param>
    /// <param name="onIgnored">Gets one sentence per line that was left out.</param>
    /// <returns>What the file says, or <see langword="null"/> if there is no such file.</returns>
    /// <exception cref="SubnetFileException">The file exists but cannot be read, or is far too large to be a subnet file.</exception>
    public static SubnetFile? Read(string path, Action<string>? onIgnored = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using FileStream stream = RegularFile.OpenRead(path);
            byte[] content = new byte[MaxBytes + 1];
            int length = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            if (length > MaxBytes)
            {
                throw new SubnetFileException(
                    path,
                    $"{path} is larger than {MaxBytes / 1024} KiB, so it is no subnet file. Remove it or choose another path with the SubnetFile " +
                    "option.");
            }

            return Parse(Encoding.UTF8.GetString(content.AsSpan(0, length)), onIgnored);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SubnetFileException(
                path,
                $"The subnet file {path} cannot be read: {e.Message} Give the process read access or choose another path with the SubnetFile option.",
                e);
        }
    }

    /// <summary>Reads the text of a subnet file, as <see cref="Read"/> does.</summary>
    /// <param name="text">The text.</param>
    /// <param name="onIgnored">Gets one sentence per line that was left out.</param>
    public static SubnetFile Parse(string text, Action<string>? onIgnored = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var file = new SubnetFile();
        int number = 0;
        foreach (ReadOnlySpan<char> line in text.AsSpan().TrimStart('\uFEFF').EnumerateLines())
        {
            number++;
            ReadOnlySpan<char> content = line.Trim();
            if (!content.IsEmpty && content[0] != '#')
            {
                file = file.With(content, out string? ignored);
                if (ignored is not null)
                {
                    onIgnored?.Invoke($"Line {number} of the subnet file is ignored: {ignored}.");
                }
            }
        }

        return file;
    }

    private SubnetFile With(ReadOnlySpan<char> line, out string? ignored)
    {
        if (line.StartsWith("export ") || line.StartsWith("export\t"))
        {
            line = line["export ".Length..].TrimStart();
        }

        int equals = line.IndexOf('=');
        if (equals < 0)
        {
            ignored = "it is not of the form KEY=value";
            return this;
        }

        if (!TryUnquote(line[(equals + 1)..].Trim(), out ReadOnlySpan<char> value))
        {
            ignored = "its quotes are not closed";
            return this;
        }

        ignored = null;
        switch (line[..equals].TrimEnd())
        {
            case NetworkKey:
                return this with { Network = ReadOne(value, AddressFamily.InterNetwork, out ignored) };
            case SubnetKeyName:
                return this with { Subnet = ReadOne(value, AddressFamily.InterNetwork, out ignored) };
            case IPv6NetworkKey:
                return this with { IPv6Network = ReadOne(value, AddressFamily.InterNetworkV6, out ignored) };
            case IPv6SubnetKey:
                return this with { IPv6Subnet = ReadOne(value, AddressFamily.InterNetworkV6, out ignored) };
            case MtuKey when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int mtu):
                return this with { Mtu = mtu };
            case MtuKey:
                ignored = $"{MtuKey} is not a number";
                return this;
            case IpMasqKey:
                return this with { IpMasq = value.SequenceEqual("true") };
            default:
                return this;
        }
    }

    /// <summary>Takes off quotes, and a comment behind the value. Without quotes a comment starts at a <c>#</c> behind a blank.</summary>
    private static bool TryUnquote(ReadOnlySpan<char> text, out ReadOnlySpan<char> value)
    {
        value = text;
        if (!text.IsEmpty && text[0] is '"' or '\'')
        {
            int end = text[1..].IndexOf(text[0]);
            ReadOnlySpan<char> behind = end < 0 ? default : text[(end + 2)..].TrimStart();
            value = end < 0 ? default : text.Slice(1, end);
            return end >= 0 && (behind.IsEmpty || behind[0] == '#');
        }

        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '#' && (i == 0 || char.IsWhiteSpace(text[i - 1])))
            {
                value = text[..i].TrimEnd();
                break;
            }
        }

        return true;
    }

    /// <summary>Reads a comma list and takes its one valid subnet. With several nobody can tell which one was meant.</summary>
    private static IPNetwork? ReadOne(ReadOnlySpan<char> list, AddressFamily family, out string? ignored)
    {
        Subnet? one = null;
        int valid = 0;
        int invalid = 0;
        foreach (Range part in list.Split(','))
        {
            // A subnet of one address is none: a host needs its own address in it beside the subnet's name.
            if (AddressText.TryParseCidr(list[part].Trim(), family, out Subnet subnet) && subnet.HostBits > 0 && subnet.PrefixLength > 0)
            {
                one = subnet;
                valid++;
            }
            else
            {
                invalid++;
            }
        }

        ignored = valid == 1 && invalid == 0 ? null : $"it lists {valid} subnets and {invalid} other texts instead of one subnet";
        return valid == 1 ? one?.ToNetwork() : null;
    }
}
