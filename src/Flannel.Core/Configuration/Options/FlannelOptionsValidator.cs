using Microsoft.Extensions.Options;

namespace Flannel.Core.Configuration.Options;

[OptionsValidator]
internal sealed partial class FlannelOptionsValidator : IValidateOptions<FlannelOptions>;
