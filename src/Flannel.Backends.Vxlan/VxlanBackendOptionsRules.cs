using Flannel.Backends.Vxlan.Devices;
using Microsoft.Extensions.Options;

namespace Flannel.Backends.Vxlan;

/// <summary>The rules that attributes cannot say.</summary>
internal sealed class VxlanBackendOptionsRules : IValidateOptions<VxlanBackendOptions>
{
    public ValidateOptionsResult Validate(string? name, VxlanBackendOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        CheckMac(options.MacAddress, nameof(options.MacAddress));
        CheckMac(options.MacAddressIPv6, nameof(options.MacAddressIPv6));
        return result.Build();

        void CheckMac(string? text, string option)
        {
            if (text is null || (MacAddress.TryParse(text, out var mac) && MacAddress.IsUsable(mac))) return;
            result.AddError($"is '{text}'; it must be a unicast MAC other than zero, such as c6:d2:32:6f:8f:44", option);
        }
    }
}
