using Etcdserverpb;
using Google.Protobuf;

namespace Flannel.Store.Etcd.Tests;

/// <summary>What the transactions are on the wire.</summary>
public sealed class EtcdTxnTests
{
    [Fact]
    public void Create_HasEtcdsExactBytes()
    {
        TxnRequest txn = EtcdTxn.Create(ByteString.CopyFromUtf8("/k"), ByteString.CopyFromUtf8("{}"), 5);

        Assert.Equal(
            "0a06" + "1a022f6b" + "2000" + // compare: key "/k", version 0; EQUAL and VERSION are 0 and stay off the wire
            "120c" + "120a" + "0a022f6b" + "12027b7d" + "1805" + // then: put "/k" = "{}", lease 5
            "1a06" + "0a04" + "0a022f6b", // else: range "/k"
            Convert.ToHexStringLower(txn.ToByteArray()));
    }

    [Fact]
    public void Update_KeepsTheLease()
    {
        TxnRequest txn = EtcdTxn.Update(ByteString.CopyFromUtf8("/k"), 300, ByteString.CopyFromUtf8("{}"));

        Assert.Equal(
            "0a09" + "1002" + "1a022f6b" + "30ac02" + // compare: MOD of "/k" equals 300
            "120e" + "120c" + "0a022f6b" + "12027b7d" + "2001" + "3001" + // then: put, return the key as it was, keep its lease
            "1a06" + "0a04" + "0a022f6b",
            Convert.ToHexStringLower(txn.ToByteArray()));
    }

    [Fact]
    public void Put_OfAConfiguration_ComparesOnlyIfAsked()
    {
        ByteString key = ByteString.CopyFromUtf8("/k"), value = ByteString.CopyFromUtf8("{}");
        const string Write = "120a" + "1208" + "0a022f6b" + "12027b7d";
        const string Read = "1a06" + "0a04" + "0a022f6b";

        Assert.Equal(Write, Convert.ToHexStringLower(EtcdTxn.Put(key, value).ToByteArray()));
        Assert.Equal("0a09" + "1002" + "1a022f6b" + "30ac02" + Write + Read, Convert.ToHexStringLower(EtcdTxn.Put(key, 300, value).ToByteArray()));
        // That it does not exist: MOD of "/k" equals 0.
        Assert.Equal("0a08" + "1002" + "1a022f6b" + "3000" + Write + Read, Convert.ToHexStringLower(EtcdTxn.Put(key, 0, value).ToByteArray()));
        Assert.Equal("1206" + "1a04" + "0a022f6b", Convert.ToHexStringLower(EtcdTxn.Delete(key).ToByteArray()));
    }

    [Fact]
    public void ReadLeases_AsksForKeysWithoutTheirValues() => Assert.Equal(
        "1208" + "0a06" + "0a022f6b" + "4001" + "1208" + "0a06" + "0a022f6c" + "4001",
        Convert.ToHexStringLower(EtcdTxn.ReadLeases([ByteString.CopyFromUtf8("/k"), ByteString.CopyFromUtf8("/l")]).ToByteArray()));
}
