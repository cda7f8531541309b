using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flannel.Cni;

namespace FlannelCni.Subnets;

/// <summary>The subnet file as flannel's plugin reads it: every line is split at its first '=', without quotes and without trimming.</summary>
/// <param name="Networks">The whole networks, IPv4 first.</param>
/// <param name="Subnets">This host's subnets, IPv4 first.</param>
/// <param name="Mtu">The MTU for containers, in bytes.</param>
/// <param name="IsMasquerading">Whether the agent masquerades, so that the delegate must not.</param>
internal sealed record SubnetEnv(IReadOnlyList<IPNetwork> Networks, IReadOnlyList<IPNetwork> Subnets, int Mtu, bool IsMasquerading)
{
    public const string DefaultPath = "/run/flannel/subnet.env";

    private const int MaxBytes = 64 * 1024;

    /// <exception cref="CniException">It is not there or cannot be used; the message says where to look.</exception>
    public static SubnetEnv Read(string path, CniErrorCode code)
    {
        try
        {
            using var reader = new StringReader(Encoding.UTF8.GetString(CniFile.Read(path, MaxBytes)));
            return Parse(LinesOf(reader));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            string reason = exception is FileNotFoundException or DirectoryNotFoundException
                ? "the agent has not written it"
                : exception.Message.TrimEnd('.');
            throw new CniException(
                code,
                $"{path} says what this host's containers get, and cannot be read: {reason}. Is flanneld running and ready on this host? Look at " +
                "its log.",
                innerException: exception);
        }
        catch (FormatException exception)
        {
            throw new CniException(
                code,
                $"{path} says what this host's containers get, and {exception.Message} Look at the log of flanneld, which writes it.",
                innerException: exception);
        }
    }

    private static IEnumerable<string> LinesOf(StringReader reader)
    {
        while (reader.ReadLine() is { } line) yield return line;
    }

    /// <exception cref="FormatException">Something is missing or cannot be read; the message is the end of a sentence.</exception>
    public static SubnetEnv Parse(IEnumerable<string> lines)
    {
        List<IPNetwork> networks = [], networksV6 = [], subnets = [], subnetsV6 = [];
        int? mtu = null;
        bool? masquerading = null;
        foreach (string line in lines)
        {
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0) continue;
            string value = line[(equals + 1)..];
            switch (line[..equals])
            {
                case "FLANNEL_NETWORK":
                    networks = [.. value.Split(',').Select(text => Network(line, text)).Distinct()];
                    break;
                case "FLANNEL_IPV6_NETWORK":
                    networksV6 = [.. value.Split(',').Select(text => Network(line, text)).Distinct()];
                    break;
                case "FLANNEL_SUBNET":
                    subnets = [Network(line, value)];
                    break;
                case "FLANNEL_IPV6_SUBNET":
                    subnetsV6 = [Network(line, value)];
                    break;
                case "FLANNEL_MTU":
                    mtu = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                        ? number
                        : throw new FormatException($"'{line}' is no number.");
                    break;
                case "FLANNEL_IPMASQ":
                    masquerading = value == "true";
                    break;
            }
        }

        string[] missing =
        [
            .. networks.Count + networksV6.Count == 0 ? ["FLANNEL_NETWORK or FLANNEL_IPV6_NETWORK"] : Array.Empty<string>(),
            .. subnets.Count + subnetsV6.Count == 0 ? ["FLANNEL_SUBNET or FLANNEL_IPV6_SUBNET"] : Array.Empty<string>(),
            .. mtu is null ? ["FLANNEL_MTU"] : Array.Empty<string>(),
            .. masquerading is null ? ["FLANNEL_IPMASQ"] : Array.Empty<string>(),
        ];
        return missing.Length == 0
            ? new SubnetEnv([.. networks, .. networksV6], [.. subnets, .. subnetsV6], mtu!.Value, masquerading!.Value)
            : throw new FormatException($"lacks {string.Join(", ", missing)}.");
    }

    // The subnet is written as its first address, .1/24.
    private static IPNetwork Network(string line, string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        // Not 10.1, which .NET takes for 10.0.0.1, and no zone.
        if (slash < 0 || !IPAddress.TryParse(text.AsSpan(0, slash), out IPAddress? address)
            || (address.AddressFamily == AddressFamily.InterNetwork ? address.ToString() != text[..slash] : text.AsSpan().ContainsAny('%', '[', ']'))
            || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length)
            || length > (address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128))
        {
            throw new FormatException($"'{line}' is no network.");
        }

        byte[] bytes = address.GetAddressBytes();
        for (int bit = length; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }
}
