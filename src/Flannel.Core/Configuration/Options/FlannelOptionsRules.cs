using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Flannel.Core.Leases;
using Flannel.Extensibility;
using Microsoft.Extensions.Options;

namespace Flannel.Core.Configuration.Options;

/// <summary>The rules that attributes cannot say: between two options, or about the text of one.</summary>
internal sealed class FlannelOptionsRules : IValidateOptions<FlannelOptions>
{
    public ValidateOptionsResult Validate(string? name, FlannelOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.LeaseRenewMargin >= options.LeaseTimeToLive)
        {
            result.AddError(
                $"is {options.LeaseRenewMargin}; it must be less than {nameof(options.LeaseTimeToLive)}, which is {options.LeaseTimeToLive}",
                nameof(options.LeaseRenewMargin));
        }

        ExternalInterfaceOptions external = options.ExternalInterface;
        CheckAddress(external.CanReach, nameof(external.CanReach), family: null);
        CheckAddress(external.PublicIP, nameof(external.PublicIP), AddressFamily.InterNetwork);
        CheckAddress(external.PublicIPv6, nameof(external.PublicIPv6), AddressFamily.InterNetworkV6);
        CheckEntries(external.Names, nameof(external.Names));
        CheckEntries(external.Patterns, nameof(external.Patterns));
        foreach (string pattern in external.Patterns)
        {
            try
            {
                _ = new Regex(pattern, RegexOptions.NonBacktracking);
            }
            catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
            {
                result.AddError(
                    $"has '{pattern}', which is no usable regular expression: {exception.Message}", $"ExternalInterface.{nameof(external.Patterns)}");
            }
        }

        foreach (string exclusion in options.Traffic.MasqueradeExclusions)
        {
            if (!AddressSyntax.TryParseNetwork(exclusion, out _))
            {
                result.AddError(
                    $"has '{exclusion}'; it must be a network such as 10.0.0.0/8", $"Traffic.{nameof(TrafficOptions.MasqueradeExclusions)}");
            }
        }

        foreach (string sender in options.Guard.Senders)
        {
            if (!AddressSyntax.TryParse(sender, out _) && !AddressSyntax.TryParseNetwork(sender, out _))
                result.AddError($"has '{sender}'; it must be an address or a range such as 192.0.2.0/24", $"Guard.{nameof(GuardOptions.Senders)}");
        }

        if (options.NetworkNamespace is "") result.AddError("is empty; name a namespace or leave it null", nameof(options.NetworkNamespace));
        if (options.SubnetFile is { } path && !Path.IsPathRooted(path))
            result.AddError($"is '{path}'; it must be an absolute path", nameof(options.SubnetFile));
        if (options.StateDirectory is { } state && !Path.IsPathRooted(state))
            result.AddError($"is '{state}'; it must be an absolute path", nameof(options.StateDirectory));
        return result.Build();

        void CheckEntries(IEnumerable<string> entries, string option)
        {
            // An empty pattern would match every interface.
            if (entries.Any(string.IsNullOrWhiteSpace))
                result.AddError("has an empty entry, which names no interface", $"ExternalInterface.{option}");
        }

        void CheckAddress(string? text, string option, AddressFamily? family)
        {
            if (text is null) return;
            string wanted = family switch
            {
                AddressFamily.InterNetwork => "an IPv4 address",
                AddressFamily.InterNetworkV6 => "an IPv6 address",
                _ => "an IP address",
            };
            if (!AddressSyntax.TryParse(text, out IPAddress? address) || (family is not null && family != address.AddressFamily))
            {
                result.AddError($"is '{text}'; it must be {wanted}", $"ExternalInterface.{option}");
            }
            else if (family is not null && PublicAddressRules.Refuse(address) is { } reason)
            {
                result.AddError(
                    $"is '{text}', which {reason}; it must be an address by which other hosts reach this one", $"ExternalInterface.{option}");
            }
        }
    }
}
