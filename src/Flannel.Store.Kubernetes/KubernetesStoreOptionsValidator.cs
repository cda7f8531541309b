using Microsoft.Extensions.Options;

namespace Flannel.Store.Kubernetes;

[OptionsValidator]
internal sealed partial class KubernetesStoreOptionsValidator : IValidateOptions<KubernetesStoreOptions>;
