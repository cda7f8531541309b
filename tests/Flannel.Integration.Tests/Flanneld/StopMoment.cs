namespace Flannel.Integration.Tests.Flanneld;

/// <summary>When an agent of an <see cref="EtcdLossWave"/> is asked to end.</summary>
internal enum StopMoment
{
    /// <summary>Soon after its start, before it is ready.</summary>
    Starting,

    /// <summary>When it is ready and all is well.</summary>
    Ready,

    /// <summary>Soon after etcd was killed.</summary>
    EtcdDying,

    /// <summary>When etcd has been away for a while.</summary>
    EtcdAway,

    /// <summary>When etcd has been away since its start.</summary>
    NeverReady,

    /// <summary>Soon after etcd is back.</summary>
    EtcdReturning,

    /// <summary>When everything is as it was.</summary>
    AfterReturn,
}
