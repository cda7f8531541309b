using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Readme;

/// <summary>What the README of Flannel.Store.Kubernetes shows.</summary>
internal static class KubernetesSample
{
    public static void Register(IServiceCollection services)
    {
        #region kubernetes
        services.AddFlannel()
            .UseKubernetes(o =>
            {
                o.KubeconfigFile = "/etc/kubernetes/flannel.kubeconfig";
                o.NodeName = "host1";
                o.ConfigFile = "/etc/kube-flannel/net-conf.json";
            })
            .UseVxlan();
        #endregion
    }
}
