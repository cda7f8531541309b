using Microsoft.Extensions.Options;

namespace Flannel.Backends.Udp;

[OptionsValidator]
internal sealed partial class UdpBackendOptionsValidator : IValidateOptions<UdpBackendOptions>;
