using System.Text.Json;
using Flannel.Cni;

namespace FlannelCni.Installation;

/// <summary>What init containers run: copies the configuration, or the plugin itself, to where the container runtime looks at any moment.</summary>
internal static class InstallCommand
{
    private const string Usage =
        """
        usage: flannel install-conf FROM TO
               flannel install TO

        install-conf copies CNI's configuration, such as /etc/kube-flannel/cni-conf.json, to the container runtime's folder, such as
        /etc/cni/net.d/10-flannel.conflist; install copies this program, such as to /opt/cni/bin/flannel: all at once, with permissions.
        Without a command this is a plugin, which a container runtime starts (CNI_COMMAND).

        """;

    /// <returns>The exit code.</returns>
    public static int CopyConfiguration(IReadOnlyList<string> arguments, TextWriter errors)
    {
        if (arguments is not [{ Length: > 0 } from, { Length: > 0 } to] || from[0] == '-' || to[0] == '-') return Refuse(errors);
        try
        {
            CniConfigFile.Install(from, to);
            return 0;
        }
        catch (JsonException exception)
        {
            errors.WriteLine($"flannel install-conf: {from} is no JSON: {exception.Message}. {to} stays as it is.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"flannel install-conf: {from} cannot be copied to {to}: {exception.Message}");
        }

        return 1;
    }

    /// <returns>The exit code.</returns>
    public static int CopyPlugin(IReadOnlyList<string> arguments, TextWriter errors)
    {
        if (arguments is not [{ Length: > 0 } to] || to[0] == '-') return Refuse(errors);
        string temporary = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(to))!, $".{Path.GetFileName(to)}.new");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(temporary)!);
            // A plugin that runs keeps its file: the name moves on to another one.
            File.Copy(Environment.ProcessPath!, temporary, overwrite: true);
            File.SetUnixFileMode(temporary, (UnixFileMode)0b111_101_101);
            File.Move(temporary, to, overwrite: true);
            return 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"flannel install: the plugin cannot be copied to {to}: {exception.Message}");
            return 1;
        }
    }

    private static int Refuse(TextWriter errors)
    {
        errors.Write(Usage);
        return 1;
    }
}
