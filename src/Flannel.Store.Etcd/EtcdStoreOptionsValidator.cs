using Microsoft.Extensions.Options;

namespace Flannel.Store.Etcd;

[OptionsValidator]
internal sealed partial class EtcdStoreOptionsValidator : IValidateOptions<EtcdStoreOptions>;
