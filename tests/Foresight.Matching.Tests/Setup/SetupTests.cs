using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Foresight.Matching.Setup;
using Foresight.Matching.Sharding;
using Foresight.Matching.Tests.Settlement;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting.Internal;
using Npgsql;

namespace Foresight.Matching.Tests.Setup;

[Collection(ChainCollection.Name)]
public sealed class SetupTests(ChainFixture fixture)
{
    private const string DevelopmentKey = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    [Fact]
    public async Task Repeated_ItChangesNothing_AndAddsOnlyTheMarketsThatAreMissing()
    {
        await fixture.AutomineAsync(true);
        await using var database = await fixture.OpenDatabaseAsync();
        Assert.Contains("2 markets", await RunAsync(database, 2));
        var factory = await ScalarAsync<byte[]>(database, "SELECT factory FROM deployments");
        Assert.Contains("2 markets on chain 31337 as before", await RunAsync(database, 2));
        Assert.Contains("5 markets", await RunAsync(database, 5));
        Assert.Equal(factory, await ScalarAsync<byte[]>(database, "SELECT factory FROM deployments"));
        Assert.Equal(3, await ScalarAsync<int>(database, "SELECT cardinality(outcomes) FROM markets WHERE market_id = 4"));
    }

    [Fact]
    public async Task OfALostChain_TheMarketsAreKept_AndTheOpenTradesHaveFailed()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var final = await venue.TradeAsync(alice, bob);
        await venue.SettleAllAsync();
        var open = await venue.TradeAsync(alice, bob);
        var observed = await venue.ScalarAsync<long>("SELECT block_number FROM chain_cursors WHERE name = 'follower'");

        // The chain is gone, so the recorded address is no longer a contract.
        await venue.ExecuteAsync("UPDATE deployments SET factory = $1", PrivateKey.Random().Address.ToBytes());
        Assert.Contains("generation 2", await RunAsync(venue.Database, 1));
        Assert.Equal("final", (await venue.StateOfAsync(final)).State);
        Assert.Equal(("failed", "chain_lost"), await venue.StateOfAsync(open));
        Assert.Equal(2L, await venue.ScalarAsync<long>("SELECT count(DISTINCT address) FROM markets"));
        Assert.Equal(observed, await venue.ScalarAsync<long>("SELECT block_offset FROM deployments"));
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM chain_cursors"));
    }

    [Fact]
    public void OnAnyOtherChain_NothingIsDeployed_AndTheContractsMustBeNamed() =>
        Assert.Contains(
            "FACTORY_ADDRESS is not set",
            Assert.Throws<SettingException>(() => SetupOptions.From(Settings(("CHAIN_ID", "137")))).Message
        );

    [Theory]
    [InlineData("Production", DevelopmentKey, "published development key")]
    [InlineData("Development", "0x12", "64 hexadecimal digits")]
    [InlineData("Development", null, "OPERATOR_KEY (or OPERATOR_KEY_FILE) is not set")]
    public void AnUnfitOperatorKey_IsRefused_WithoutBeingShown(string environment, string? key, string expected)
    {
        var error = Assert.Throws<SettingException>(() =>
            OperatorKey.From(Settings(("OPERATOR_KEY", key)), new HostingEnvironment { EnvironmentName = environment })
        );
        Assert.Contains(expected, error.Message);
        if (key is not null)
            Assert.DoesNotContain(key, error.Message);
    }

    [Fact]
    public void TheOperatorKey_MayComeFromAFile_AndIsShownAsItsAddress()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, DevelopmentKey + "\n");
            var key = OperatorKey.From(Settings(("OPERATOR_KEY_FILE", path)), new HostingEnvironment { EnvironmentName = "Development" });
            Assert.Equal("key of 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", key.ToString());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task TheNumberOfShards_IsFixedByTheFirstSetUp_AndMarketsGoToThemInTurn()
    {
        await fixture.AutomineAsync(true);
        await using var database = await fixture.OpenDatabaseAsync();
        Assert.Equal(3, await ShardStore.FixAsync(database, 3, CancellationToken.None));
        await RunAsync(database, 4);
        Assert.Equal("0,1,2,0", await ScalarAsync<string>(database, "SELECT string_agg(shard::text, ',' ORDER BY market_id) FROM markets"));
        var wrong = await Assert.ThrowsAsync<SettingException>(async () =>
            new ShardOptions(1).Require(await ShardStore.FixAsync(database, 1, CancellationToken.None))
        );
        Assert.Contains("SHARDS is 1, but the database was set up with 3", wrong.Message);
    }

    [Fact]
    public async Task ADatabaseFromBeforeThereWereShards_HasOne()
    {
        await using var database = await fixture.OpenDatabaseAsync();
        await using (
            var market = database.CreateCommand(
                """
                INSERT INTO markets (market_id, address, question, outcomes, tick_size)
                VALUES (1, decode(repeat('a1', 20), 'hex'), '?', ARRAY['a', 'b'], 1)
                """
            )
        )
            await market.ExecuteNonQueryAsync();
        Assert.Equal(1, await ShardStore.FixAsync(database, 3, CancellationToken.None));
    }

    [Fact]
    [Trait("Category", "Firm")]
    public async Task AMarketOfTheFile_IsFirmOnly_OnlyWhereAVaultIsUsed()
    {
        await using var venue = await Venue.CreateAsync(fixture, vaultDelay: new WithdrawalDelay(Blocks: 100, Seconds: 3_600));
        await using var database = await fixture.OpenDatabaseAsync();
        var market = DevelopmentMarkets.Number(0);
        var options = new SetupOptions(
            1,
            TimeSpan.FromSeconds(10),
            venue.Deployment.Factory,
            venue.Deployment.Usdc,
            venue.Deployment.DeployedBlock,
            [new ListedMarket(venue.MarketAddress, market.Question, market.Outcomes, market.TickSize, FirmOnly: true)],
            FirmMoney: false,
            null
        );
        await RefusedAsync(options);
        await ShardStore.FixAsync(database, 2, CancellationToken.None);
        await RefusedAsync(options with { FirmMoney = true });
        Assert.Equal(0L, await ScalarAsync<long>(database, "SELECT count(*) FROM markets"));

        await using var single = await fixture.OpenDatabaseAsync();
        Assert.Contains("1 markets", await ListAsync(single, options with { FirmMoney = true }));
        Assert.True(await ScalarAsync<bool>(single, "SELECT firm_only FROM markets"));

        async Task RefusedAsync(SetupOptions with) =>
            Assert.Contains("is firmOnly", (await Assert.ThrowsAsync<SettingException>(() => ListAsync(database, with))).Message);
        Task<string> ListAsync(NpgsqlDataSource into, SetupOptions with) =>
            SetupVerb.RunAsync(
                into,
                new ChainEndpoint(fixture.Client, SetupOptions.DevelopmentChainId),
                venue.Operator,
                with,
                CancellationToken.None
            );
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(", \"firmOnly\": false", false)]
    [InlineData(", \"firmOnly\": true", true)]
    public void AMarketOfTheFile_IsFirmOnly_IfItIsAskedFor(string member, bool firmOnly) =>
        Assert.Equal(firmOnly, Assert.Single(OfFile(member).Listed).FirmOnly);

    [Theory]
    [InlineData(", \"firmOnly\": \"yes\"", "firmOnly")]
    [InlineData(", \"firmOnly\": 1", "firmOnly")]
    [InlineData(", \"firmonley\": true", "firmonley")]
    public void WhatIsNoMemberOfAMarket_IsRefusedByItsName(string member, string named)
    {
        var message = Assert.Throws<SettingException>(() => OfFile(member)).Message;
        Assert.Contains("MARKETS_FILE cannot be read", message);
        Assert.Contains(named, message);
    }

    private static SetupOptions OfFile(string member)
    {
        var path = Path.GetTempFileName();
        try
        {
            var address = PrivateKey.Random().Address.ToString();
            File.WriteAllText(
                path,
                $$"""[{ "address": "{{address}}", "question": "Rain?", "outcomes": ["Yes", "No"], "tickSize": 10{{member}} }]"""
            );
            return SetupOptions.From(
                Settings(
                    ("CHAIN_ID", "137"),
                    ("FACTORY_ADDRESS", address),
                    ("USDC_ADDRESS", address),
                    ("DEPLOYED_BLOCK", "1"),
                    ("MARKETS_FILE", path)
                )
            );
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [Trait("Category", "Firm")]
    [InlineData(true, 1, false)]
    [InlineData(true, 2, true)]
    [InlineData(false, 2, false)]
    public void WithSeveralShards_TheLineExplainsWhyTheVaultIsNotUsed(bool firmMoney, int shards, bool isExplained)
    {
        var options = new SetupOptions(4, TimeSpan.FromSeconds(10), null, null, null, [], firmMoney);
        Assert.Equal(isExplained, SetupVerb.FirmMoneyNote(options, shards).Contains($"with {shards} shards it is not used"));
    }

    private Task<string> RunAsync(NpgsqlDataSource database, int markets) =>
        SetupVerb.RunAsync(
            database,
            new ChainEndpoint(fixture.Client, SetupOptions.DevelopmentChainId),
            new OperatorKey(PrivateKey.Parse(DevelopmentKey)),
            new SetupOptions(markets, TimeSpan.FromSeconds(10), null, null, null, []),
            CancellationToken.None
        );

    private static async Task<T> ScalarAsync<T>(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private static IConfiguration Settings(params (string Name, string? Value)[] values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values.Select(v => new KeyValuePair<string, string?>(v.Name, v.Value))).Build();
}
