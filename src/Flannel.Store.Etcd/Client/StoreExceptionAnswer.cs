using Flannel.Store.Etcd.Transport;
using Grpc.Core;

namespace Flannel.Store.Etcd.Client;

/// <summary>What the client's <see cref="StoreException"/> tells the store beyond what callers see.</summary>
internal static class StoreExceptionAnswer
{
    extension(StoreException error)
    {
        /// <summary>How the call ended that is behind it; <see cref="StatusCode.Unknown"/> if none is.</summary>
        public StatusCode Code => error.InnerException is GrpcException answer ? answer.Code : StatusCode.Unknown;

        /// <summary>Whether an earlier attempt, whose answer got lost, may have been carried out.</summary>
        public bool MayBeRepeat => error.InnerException is GrpcException { MayBeRepeat: true };

        /// <summary>Whether etcd has a lease of this number.</summary>
        public bool IsLeaseTaken =>
            error.InnerException is GrpcException { Code: StatusCode.FailedPrecondition } answer && answer.Says("lease already exists");

        /// <summary>Whether the answer was too long; one that asks for less may succeed.</summary>
        public bool IsTooLarge => error.InnerException is GrpcException { IsTooLarge: true };

        /// <summary>Whether the answer was coming when the time was up; one that asks for less may succeed.</summary>
        public bool IsIncomplete => error.InnerException is GrpcException { IsIncomplete: true };
    }
}
