using System.Text.Json;
using Flannel.Cni;

namespace Flanneld.Cni;

/// <summary>
/// <c>flanneld install-conf</c>, which an init container runs: copies CNI's configuration from a ConfigMap to the folder where the container runtime
/// looks for it. The runtime may look at any moment, so the file appears all at once, and what is no JSON does not replace what is there.
/// </summary>
internal static class InstallConfCommand
{
    private const string Usage =
        """
        usage: flanneld install-conf FROM TO

        Copies CNI's configuration, such as /etc/kube-flannel/cni-conf.json, to the container runtime's folder, such as
        /etc/cni/net.d/10-flannel.conflist: all at once, with its permissions.

        """;

    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> arguments, TextWriter errors)
    {
        if (arguments is not [{ Length: > 0 } from, { Length: > 0 } to] || from[0] == '-' || to[0] == '-')
        {
            errors.Write(Usage);
            return 1;
        }

        try
        {
            if (Directory.Exists(to)) throw new IOException($"it is a folder; name the file, such as {Path.Combine(to, "10-flannel.conflist")}");
            CniConfigFile.Install(from, to);
            return 0;
        }
        catch (JsonException exception)
        {
            errors.WriteLine($"flanneld install-conf: {from} is no JSON: {exception.Message}. {to} stays as it is.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"flanneld install-conf: {from} cannot be copied to {to}: {exception.Message}");
        }

        return 1;
    }
}
