using Flannel.Store.Etcd.Transport;
using Grpc.Core;

namespace Flannel.Store.Etcd.Client;

/// <summary>What the caller sees as a <see cref="StoreException"/>, and the store can tell apart.</summary>
internal sealed class EtcdException : StoreException
{
    /// <param name="message">What was asked and what each endpoint answered; never a secret.</param>
    /// <param name="isTransient">Whether the same request may succeed later.</param>
    /// <param name="code">How the call ended.</param>
    /// <param name="mayBeRepeat">Whether an earlier attempt, whose answer got lost, may have been carried out.</param>
    /// <param name="innerException">The cause.</param>
    public EtcdException(string message, bool isTransient, StatusCode code, bool mayBeRepeat = false, Exception? innerException = null)
        : base(message, isTransient, innerException) => (Code, MayBeRepeat) = (code, mayBeRepeat);

    /// <summary>How the call ended.</summary>
    public StatusCode Code { get; }

    /// <summary>Whether an earlier attempt, whose answer got lost, may have been carried out.</summary>
    public bool MayBeRepeat { get; }

    /// <summary>Whether the answer was too long; one that asks for less may succeed.</summary>
    public bool IsTooLarge => InnerException is GrpcException { IsTooLarge: true };
}
