using System.Net;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Core.Tests.Administration;

public sealed class ConfigWritingTests
{
    private static readonly NetworkConfig Vxlan = NetworkConfig.Parse(AdministrationLab.Network, "test");
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public async Task Get_NoneAndThenOne_ShowsDocumentRevisionAndUnknownKeys()
    {
        await using var lab = new AdministrationLab(config: null);
        Assert.Null(await lab.Administration.GetConfigAsync());
        const string Document = """{ "network": "10.5.0.0/16", "Typo": 1 }""";
        lab.Memory.SetConfig(Document);

        StoredNetworkConfig stored = (await lab.Administration.GetConfigAsync())!;

        Assert.Equal((Document, lab.Memory.Revision), (stored.Json, stored.Revision));
        Assert.Equal("udp", stored.Config!.BackendType);
        Assert.Equal(["\"Typo\""], stored.UnknownKeys);
        Assert.Null(stored.Error);
    }

    [Fact]
    public async Task Get_DocumentThatBreaksRules_TellsWhatIsWrong()
    {
        await using var lab = new AdministrationLab("""{"Network":"10.5.0.0/30"}""");

        StoredNetworkConfig stored = (await lab.Administration.GetConfigAsync())!;

        Assert.Null(stored.Config);
        Assert.Equal("Network", Assert.Single(stored.Error!.Problems).Key);
        Assert.Contains("Network", stored.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_OverNothing_WritesFlannelsDocument()
    {
        await using var lab = new AdministrationLab(config: null);
        var block = new VxlanBackendConfig { Vni = 7, Port = 4789 };
        var config = new NetworkConfig { Network = IPNetwork.Parse("10.5.0.0/16"), Backend = block.ToJson() };

        StoredNetworkConfig written = await lab.Administration.SetConfigAsync(config, new ConfigWriteOptions { ExpectedRevision = 0 });

        Assert.Equal("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","VNI":7,"Port":4789}}""", await lab.ReadDocumentAsync());
        Assert.Equal(await lab.Administration.GetConfigAsync(), written);
        Assert.Equal(24, written.Config!.SubnetLength);
    }

    [Fact]
    public async Task Set_OverADocument_KeepsKeysThatMeanNothingToUs()
    {
        await using var lab = new AdministrationLab("""{ "x-Own": {"team": "<net>"}, "network": "10.9.0.0/16", "SubnetLen": 26, "Typo" : [1, 2] }""");

        await lab.Administration.SetConfigAsync(Vxlan);

        Assert.Equal(
            """{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"},"x-Own":{"team":"\u003cnet\u003e"},"Typo":[1,2]}""",
            await lab.ReadDocumentAsync());
    }

    [Theory]
    [InlineData("not JSON")]
    [InlineData("[1]")]
    [InlineData("\"\\ud800\"")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("")]
    public async Task Set_OverRubbish_ReplacesIt(string rubbish)
    {
        await using var lab = new AdministrationLab(rubbish);

        StoredNetworkConfig written = await lab.Administration.SetConfigAsync(Vxlan);

        Assert.Equal(Vxlan, written.Config);
    }

    [Fact]
    public async Task Set_TheSameAgain_WritesNothing()
    {
        await using var lab = new AdministrationLab();
        StoredNetworkConfig first = (await lab.Administration.GetConfigAsync())!;

        StoredNetworkConfig again = await lab.Administration.SetConfigAsync(Vxlan, new ConfigWriteOptions { ExpectedRevision = first.Revision });

        Assert.Equal(first, again);
        Assert.Equal(first.Revision, lab.Memory.Revision);
    }

    [Fact]
    public async Task Set_RawDocument_IsWrittenByteForByte()
    {
        await using var lab = new AdministrationLab("""{"Network":"10.5.0.0/16","Typo":1}""");
        const string Document = """
            { "Network" : "10.5.0.0/16",
              "Backend": { "Type": "wireguard", "PSK": "secret", "Mode":"separate" } }
            """;

        StoredNetworkConfig written = await lab.Administration.SetConfigAsync(Document);

        Assert.Equal(Document, await lab.ReadDocumentAsync());
        Assert.Equal("wireguard", written.Config!.BackendType);
        Assert.DoesNotContain("secret", written.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_ManyFaults_ReportsThemAllAndWritesNothing()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);
        long before = lab.Memory.Revision;

        var error = await Assert.ThrowsAsync<NetworkConfigException>(() => lab.Administration.SetConfigAsync(
            """{"Network":"10.6.0.0/16","SubnetLen":17,"SubnetMin":"10.7.0.0","Backend":{"Type":"vxlan","VNI":-1,"MTU":"big"}}"""));

        Assert.Equal(["SubnetLen", "SubnetMin", "Backend.VNI", "Backend.MTU", "Network"], error.Problems.Select(problem => problem.Key));
        Assert.Equal("10.5.1.0-24", Assert.Single(error.StrandedLeases).Key);
        Assert.Contains("10.5.1.0-24 (192.168.0.1)", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ConfigWriteOptions.AllowStrandedLeases), error.Message, StringComparison.Ordinal);
        Assert.Equal(before, lab.Memory.Revision);
    }

    [Theory]
    [InlineData("""{"Network":"10.6.0.0/16"}""", true)]
    [InlineData("""{"Network":"10.5.0.0/17"}""", true)]
    [InlineData("""{"Network":"10.5.192.0/23"}""", true)]
    [InlineData("""{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00::/48"}""", true)]
    [InlineData("""{"Network":"10.0.0.0/8"}""", false)]
    [InlineData("""{"Network":"10.5.128.0/17"}""", false)]
    [InlineData("""{"Network":"10.5.0.0/16","SubnetLen":26,"SubnetMin":"10.5.4.0"}""", false)]
    [InlineData("""{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00::/48"}""", false)]
    public async Task Set_LeaseWithoutAPlace_IsRefusedUnlessAllowed(string document, bool strands)
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.200.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);

        Exception? error = await Record.ExceptionAsync(() => lab.Administration.SetConfigAsync(document));

        Assert.Equal(strands, error is NetworkConfigException { StrandedLeases: [{ Key: "10.5.200.0-24" }] });
        await lab.Administration.SetConfigAsync(document, new ConfigWriteOptions { AllowStrandedLeases = true });
        Assert.Equal(document, await lab.ReadDocumentAsync());
    }

    [Fact]
    public async Task Set_ReservationThatNoHostCouldLease_IsRefused()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Host("192.168.0.1"), null);
        lab.Put("10.5.2.0-24", AdministrationLab.Vxlan("192.168.0.2"), Day);

        var error = await Assert.ThrowsAsync<NetworkConfigException>(
            () => lab.Administration.SetConfigAsync(Vxlan with { SubnetMin = IPAddress.Parse("10.5.4.0") }));

        Assert.Equal("10.5.1.0-24", Assert.Single(error.StrandedLeases).Key);
    }

    [Fact]
    public async Task Set_WhatIsStrandedAlready_IsNoReasonToRefuse()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);
        await lab.Administration.SetConfigAsync("""{"Network":"10.6.0.0/16"}""", new ConfigWriteOptions { AllowStrandedLeases = true });

        await lab.Administration.SetConfigAsync("""{"Network":"10.6.0.0/16","Backend":{"Type":"host-gw"}}""");
    }

    [Fact]
    public async Task Set_StrayKeysAndUnreadableDocuments_AreNobodysLeases()
    {
        await using var lab = new AdministrationLab();
        lab.PutText("stray", "{}");
        lab.PutText("10.5.1.0-24", "{ corrupt", Day);

        await lab.Administration.SetConfigAsync("""{"Network":"10.6.0.0/16"}""");
    }

    [Theory]
    [InlineData("vxlna", false)]
    [InlineData("wireguard", true)]
    [InlineData("ipip", true)]
    [InlineData("HOST-GW", true)]
    [InlineData("alloc", true)]
    public async Task Set_BackendNobodyKnows_IsRefusedUnlessAllowed(string type, bool isKnown)
    {
        await using var lab = new AdministrationLab();
        NetworkConfig config = Vxlan with { Backend = $$"""{"Type":"{{type}}"}""" };

        Exception? error = await Record.ExceptionAsync(() => lab.Administration.SetConfigAsync(config));

        Assert.Equal(isKnown, error is null);
        if (error is not null) Assert.Equal("Backend.Type", Assert.Single(((NetworkConfigException)error).Problems).Key);
        await lab.Administration.SetConfigAsync(config, new ConfigWriteOptions { AllowUnknownBackend = true });
    }

    [Fact]
    public async Task Set_BackendOfThisProgram_IsAskedAboutItsBlock()
    {
        var backend = new FakeBackend();
        await using var lab = new AdministrationLab(configure: builder => builder.UseBackend(backend));
        NetworkConfig config = Vxlan with { Backend = $$"""{"Type":"{{backend.Name}}"}""" };

        await lab.Administration.SetConfigAsync(config);
        backend.BlockProblems = [new NetworkConfigProblem("Backend.Colour", "7", "a colour")];

        var error = await Assert.ThrowsAsync<NetworkConfigException>(() => lab.Administration.SetConfigAsync(config with { EnableNFTables = true }));
        Assert.Equal(backend.BlockProblems, error.Problems);
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(7L)]
    public async Task Set_OtherRevisionThanExpected_IsAConflict(long expected)
    {
        await using var lab = new AdministrationLab();
        long found = lab.Memory.Revision;

        var error = await Assert.ThrowsAsync<StoreConflictException>(
            () => lab.Administration.SetConfigAsync(Vxlan with { EnableNFTables = true }, new ConfigWriteOptions { ExpectedRevision = expected }));

        Assert.Equal(("config", expected, found), (error.Key, error.ExpectedRevision, error.FoundRevision));
        Assert.Equal(AdministrationLab.Network, await lab.ReadDocumentAsync());
    }

    [Fact]
    public async Task Set_SomebodyWritesInBetween_IsAConflictWhereARevisionIsExpected()
    {
        await using var lab = new AdministrationLab();
        long seen = lab.Memory.Revision;
        lab.Store.BeforeNext(StoreOperation.WriteConfig, () => lab.Memory.SetConfig("""{"Network":"10.5.0.0/16","Theirs":1}"""));

        var error = await Assert.ThrowsAsync<StoreConflictException>(
            () => lab.Administration.SetConfigAsync(Vxlan with { EnableNFTables = true }, new ConfigWriteOptions { ExpectedRevision = seen }));

        Assert.Equal((seen, lab.Memory.Revision), (error.ExpectedRevision, error.FoundRevision));
        Assert.Equal("""{"Network":"10.5.0.0/16","Theirs":1}""", await lab.ReadDocumentAsync());
    }

    [Fact]
    public async Task Set_SomebodyWritesInBetween_LosesNothingOfTheirsOtherwise()
    {
        await using var lab = new AdministrationLab();
        lab.Store.BeforeNext(StoreOperation.WriteConfig, () => lab.Memory.SetConfig("""{"Network":"10.5.0.0/16","Theirs":1}"""));

        await lab.Administration.SetConfigAsync(Vxlan with { EnableNFTables = true });

        Assert.Equal("""{"EnableNFTables":true,"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"},"Theirs":1}""", await lab.ReadDocumentAsync());
    }

    [Fact]
    public async Task Set_SomebodyWritesAllTheTime_GivesUp()
    {
        await using var lab = new AdministrationLab();
        for (int i = 0; i < 100; i++)
        {
            int number = i;
            lab.Store.BeforeNext(StoreOperation.WriteConfig, () => lab.Memory.SetConfig($$"""{"Network":"10.5.0.0/16","Theirs":{{number}}}"""));
        }

        await Assert.ThrowsAsync<StoreConflictException>(() => lab.Administration.SetConfigAsync(Vxlan with { EnableNFTables = true }));
    }

    [Fact]
    public async Task Update_TwoAtOnce_BothTakeEffect()
    {
        await using var lab = new AdministrationLab();

        await Task.WhenAll(
            lab.Administration.UpdateConfigAsync(config => config with { EnableNFTables = true }),
            lab.Administration.UpdateConfigAsync(
                config => config with { Backend = (VxlanBackendConfig.Parse(config) with { DirectRouting = true }).ToJson() }));

        Assert.Equal(
            """{"EnableNFTables":true,"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","DirectRouting":true}}""", await lab.ReadDocumentAsync());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    public async Task Update_NothingUsableThere_SaysSo(string? document)
    {
        await using var lab = new AdministrationLab(document);

        await Assert.ThrowsAsync<NetworkConfigException>(() => lab.Administration.UpdateConfigAsync(static config => config));
        await Assert.ThrowsAsync<NetworkConfigException>(() => lab.Administration.PruneAsync());
        await Assert.ThrowsAsync<NetworkConfigException>(
            () => lab.Administration.ReserveAsync(SubnetKey.Parse("10.5.1.0-24"), AdministrationLab.Host("192.168.0.1")));
    }

    [Fact]
    public async Task Delete_AsExpected_RemovesIt()
    {
        await using var lab = new AdministrationLab();
        var options = new ConfigWriteOptions { ExpectedRevision = lab.Memory.Revision };
        var wrong = new ConfigWriteOptions { ExpectedRevision = 99 };
        await Assert.ThrowsAsync<StoreConflictException>(() => lab.Administration.DeleteConfigAsync(wrong));

        Assert.True(await lab.Administration.DeleteConfigAsync(options));

        Assert.Null(await lab.ReadDocumentAsync());
        await Assert.ThrowsAsync<StoreConflictException>(() => lab.Administration.DeleteConfigAsync(options));
        Assert.False(await lab.Administration.DeleteConfigAsync());
    }

    [Fact]
    public async Task Delete_WhileThereAreLeases_IsRefusedUnlessAllowed()
    {
        await using var lab = new AdministrationLab();
        lab.Put("10.5.1.0-24", AdministrationLab.Vxlan("192.168.0.1"), Day);

        var error = await Assert.ThrowsAsync<NetworkConfigException>(() => lab.Administration.DeleteConfigAsync());

        Assert.Equal("10.5.1.0-24", Assert.Single(error.StrandedLeases).Key);
        Assert.True(await lab.Administration.DeleteConfigAsync(new ConfigWriteOptions { AllowStrandedLeases = true }));
    }

    [Fact]
    public async Task Set_StoreAway_SaysSo()
    {
        await using var lab = new AdministrationLab();
        lab.Store.Away = FaultyLeaseStore.NoAnswer;

        StoreException error = await Assert.ThrowsAsync<StoreException>(() => lab.Administration.SetConfigAsync(Vxlan));

        Assert.True(error.IsTransient);
    }
}
