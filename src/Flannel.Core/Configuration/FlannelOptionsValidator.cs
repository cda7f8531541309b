using Microsoft.Extensions.Options;

namespace Flannel.Core.Configuration;

[OptionsValidator]
internal sealed partial class FlannelOptionsValidator : IValidateOptions<FlannelOptions>;
