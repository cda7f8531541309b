using Etcdserverpb;
using Google.Protobuf;
using Mvccpb;

namespace Flannel.Store.Etcd;

/// <summary>The transactions that leases are written with. Each compares first, and answers with what is there if the comparison fails.</summary>
internal static class EtcdTxn
{
    /// <summary>Writes a key that does not exist.</summary>
    public static TxnRequest Create(ByteString key, ByteString value, long leaseId) => If(
        new Compare { Key = key, Target = Compare.Types.CompareTarget.Version, Version = 0 },
        new RequestOp { RequestPut = new PutRequest { Key = key, Value = value, Lease = leaseId } });

    /// <summary>Replaces a key's value and keeps its lease, or that it has none; answers with the key as it was.</summary>
    public static TxnRequest Update(ByteString key, long modRevision, ByteString value) => If(
        Unchanged(key, modRevision),
        new RequestOp { RequestPut = new PutRequest { Key = key, Value = value, IgnoreLease = true, PrevKv = true } });

    /// <summary>Writes a key's own value again.</summary>
    public static TxnRequest Touch(ByteString key, long modRevision) => If(
        Unchanged(key, modRevision),
        new RequestOp { RequestPut = new PutRequest { Key = key, IgnoreValue = true, IgnoreLease = true } });

    /// <summary>Keeps a key's value and gives it another lease.</summary>
    public static TxnRequest Exchange(ByteString key, long modRevision, long leaseId) => If(
        Unchanged(key, modRevision),
        new RequestOp { RequestPut = new PutRequest { Key = key, IgnoreValue = true, Lease = leaseId } });

    /// <summary>Writes a key without a lease, whatever stands there.</summary>
    public static TxnRequest Put(ByteString key, ByteString value) => new() { Success = { Write(key, value) } };

    /// <summary>Writes a key without a lease that is as it was at a revision, or, at revision 0, does not exist.</summary>
    public static TxnRequest Put(ByteString key, long modRevision, ByteString value) => If(Unchanged(key, modRevision), Write(key, value));

    /// <summary>Deletes a key, if it exists.</summary>
    public static TxnRequest Delete(ByteString key) =>
        new() { Success = { new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } } } };

    /// <summary>Reads keys without their values, so many as one transaction may hold.</summary>
    public static TxnRequest ReadLeases(IEnumerable<ByteString> keys) =>
        new() { Success = { keys.Select(static key => new RequestOp { RequestRange = new RangeRequest { Key = key, KeysOnly = true } }) } };

    /// <summary>Deletes a key; answers with the key as it was.</summary>
    public static TxnRequest Delete(ByteString key, long modRevision) => If(
        Unchanged(key, modRevision),
        new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key, PrevKv = true } });

    /// <summary>The key as found when the comparison failed.</summary>
    public static KeyValue? Found(TxnResponse answer) => answer.Responses is [{ ResponseRange.Kvs: [var found, ..] }, ..] ? found : null;

    private static Compare Unchanged(ByteString key, long modRevision) =>
        new() { Key = key, Target = Compare.Types.CompareTarget.Mod, ModRevision = modRevision };

    private static RequestOp Write(ByteString key, ByteString value) => new() { RequestPut = new PutRequest { Key = key, Value = value } };

    private static TxnRequest If(Compare compare, RequestOp then) => new()
    {
        Compare = { compare },
        Success = { then },
        Failure = { new RequestOp { RequestRange = new RangeRequest { Key = compare.Key } } },
    };
}
