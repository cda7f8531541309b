using Microsoft.Extensions.Options;

namespace Flannel.Backends.Vxlan;

[OptionsValidator]
internal sealed partial class VxlanBackendOptionsValidator : IValidateOptions<VxlanBackendOptions>;
