using System.Text.RegularExpressions;
using Flannel.Store.Kubernetes.Objects;
using Microsoft.Extensions.Options;

namespace Flannel.Store.Kubernetes;

/// <summary>The rules that attributes cannot say.</summary>
internal sealed partial class KubernetesStoreOptionsRules : IValidateOptions<KubernetesStoreOptions>
{
    private static readonly TimeSpan ShortestTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMinutes(5);

    // The longest suffix still has to fit into the 63 characters of a name.
    private const int LongestName = 63 - 22;
    private const int LongestDomain = 253;

    public ValidateOptionsResult Validate(string? name, KubernetesStoreOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.ApiServer is { } server)
        {
            if (!server.IsAbsoluteUri || server.Scheme is not ("http" or "https") || server.Host.Length == 0)
            {
                result.AddError(
                    $"is '{server.OriginalString}'; it must be http:// or https:// and a host, such as https://10.0.0.1:6443",
                    nameof(options.ApiServer));
            }
            else if (server.UserInfo.Length > 0 || server.Query.Length > 0 || server.Fragment.Length > 0)
            {
                result.AddError("holds a user, a query or a fragment; it must be scheme, host, port and path only", nameof(options.ApiServer));
            }
        }

        if (options.GetHttpHandler() is not null && options.ApiServer is null)
            result.AddError("is missing; a handler (SetHttpHandler) needs to be told where to send requests", nameof(options.ApiServer));
        if (options.GetHttpHandler() is not null && options.KubeconfigFile is not null)
        {
            result.AddError(
                "is given beside a handler (SetHttpHandler), which brings its own credentials; remove one of them", nameof(options.KubeconfigFile));
        }

        if (options is { Context: not null, KubeconfigFile: null })
            result.AddError("is given without KubeconfigFile", nameof(options.Context));
        CheckText(options.KubeconfigFile, nameof(options.KubeconfigFile), result);
        CheckText(options.Context, nameof(options.Context), result);
        CheckText(options.NodeName, nameof(options.NodeName), result);
        CheckText(options.PodName, nameof(options.PodName), result);
        CheckText(options.PodNamespace, nameof(options.PodNamespace), result);
        if (options.ConfigMap is { } map && map.Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
            result.AddError($"is '{map}'; it must be a namespace and a name, such as kube-flannel/kube-flannel-cfg", nameof(options.ConfigMap));
        if (options.AnnotationPrefix is { Length: > 0 } prefix && !IsPrefix(prefix))
        {
            result.AddError(
                $"is '{prefix}'; it must be a domain in lower case, such as {KubernetesStoreOptions.DefaultAnnotationPrefix}, or a domain, a " +
                "slash and the beginning of a name",
                nameof(options.AnnotationPrefix));
        }

        if (options.RequestTimeout < ShortestTimeout || options.RequestTimeout > LongestTimeout)
        {
            result.AddError(
                $"is {options.RequestTimeout}; it must be between {ShortestTimeout} and {LongestTimeout}", nameof(options.RequestTimeout));
        }

        return result.Build();
    }

    private static bool IsPrefix(string prefix)
    {
        string complete = AnnotationNames.Complete(prefix);
        int slash = complete.IndexOf('/', StringComparison.Ordinal);
        return slash <= LongestDomain && complete.Length - slash - 1 <= LongestName && Form().IsMatch(complete);
    }

    private static void CheckText(string? text, string name, ValidateOptionsResultBuilder result)
    {
        if (text is not null && string.IsNullOrWhiteSpace(text))
            result.AddError("is blank; give it a value, or leave it null", name);
    }

    [GeneratedRegex(
        @"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/([a-z0-9A-Z]([-._a-zA-Z0-9]*-)?)?$", RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}
