using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Readme;

/// <summary>What the README of Flannel.Store.Etcd shows.</summary>
internal static class EtcdSample
{
    public static void Register(IServiceCollection services)
    {
        #region etcd
        services.AddFlannel()
            .UseEtcd(o =>
            {
                o.Endpoints = ["https://etcd-1:2379", "https://etcd-2:2379", "https://etcd-3:2379"];
                o.CaFile = "/etc/flannel/ca.pem";
                o.CertificateFile = "/etc/flannel/node.pem";
                o.KeyFile = "/etc/flannel/node-key.pem";
            })
            .UseVxlan();
        #endregion
    }
}
