using System.Numerics;
using Foresight.Chain;
using Foresight.Cluster;
using Foresight.Matching.Tests.Settlement;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.SettlementTerm;

[Collection(ChainCollection.Name)]
public sealed class SettlerCareTests(ChainFixture fixture, ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly BigInteger Ether = BigInteger.Pow(10, 18);

    private Venue _venue = null!;
    private SettlerNodes _nodes = null!;

    public async Task InitializeAsync()
    {
        _venue = await Venue.CreateAsync(fixture);
        _nodes = await SettlerNodes.CreateAsync(_venue, _ => fixture.Rpc.ToString());
    }

    public async Task DisposeAsync()
    {
        foreach (var node in _nodes.All)
            output.WriteLine($"{node.NodeId} said last:\n{node.Output}");
        await _nodes.DisposeAsync();
        await SetOperatorBalanceAsync(1_000 * Ether);
        await _venue.DisposeAsync();
    }

    [Fact]
    public async Task AReorganisationBeyondFinality_HaltsSettlementOnEveryNode_UntilAnOperatorAllowsIt()
    {
        var (buyer, seller) = (await _venue.AddWalletAsync(usdc: 1_000), await _venue.AddWalletAsync(shares: 1_000));
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var notices = _nodes.Redis.Broadcast.Channel($"{typeof(NoticeHub).FullName}:group:{NoticeTopics.Cluster}");
        await _nodes
            .Redis.Multiplexer.GetSubscriber()
            .SubscribeAsync(
                notices,
                (_, message) =>
                {
                    if (message.ToString().Contains("settlement_halted", StringComparison.Ordinal))
                        told.TrySetResult();
                }
            );
        var before = await fixture.RequestAsync("evm_snapshot");
        await _nodes.MineOnAsync();
        foreach (var node in new[] { "n1", "n2" })
            _nodes.Start(node, ("SETTLEMENT_FINALITY_BLOCKS", "5"));
        await _nodes.KnowAsync(buyer, seller);
        await _nodes.TradeAsync(buyer, seller);
        await FinalAsync(1);
        const string Depth = "SELECT c.block_number - t.block_number FROM chain_cursors c, trades t WHERE c.name = 'follower'";
        await Eventually.TrueAsync("the trade is deep", Patience, async () => await _venue.ScalarAsync<long>(Depth) > 10);

        var head = await _venue.Client.BlockNumberAsync();
        await _nodes.BetweenBlocksAsync(async () =>
        {
            head = await _venue.Client.BlockNumberAsync();
            await fixture.RequestAsync("evm_revert", before);
            await fixture.RequestAsync("anvil_dropAllTransactions");
            await fixture.RequestAsync("evm_increaseTime", 7);
            await fixture.MineAsync((int)(head - await _venue.Client.BlockNumberAsync()) + 3);
        });
        await Eventually.TrueAsync("settlement says that it has halted", Patience, async () => await HaltedAsync() is not null);
        Assert.Contains("Settlement is halted: verify the chain, then resume it", await HaltedAsync());
        await told.Task.WaitAsync(Patience);
        var since = await _venue.ScalarAsync<DateTime>("SELECT halted_since FROM settlement_status");
        await Eventually.TrueAsync(
            "the history shows it",
            Patience,
            () => _venue.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM operations_history WHERE 'settlement_halted' = ANY (problems))")
        );
        Assert.Equal(since, await _venue.ScalarAsync<DateTime>("SELECT halted_since FROM settlement_status"));
        await Eventually.TrueAsync(
            "the leader has given its commit times",
            Patience,
            () => _venue.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM operations_history WHERE commit_p99_ms >= commit_p50_ms)")
        );
        const string Figures = "SELECT bool_and(unsettled_trades IS NOT NULL) FROM operations_history";
        Assert.True(await _venue.ScalarAsync<bool>(Figures));

        await _nodes.TradeAsync(buyer, seller);
        var holder = await _venue.ScalarAsync<string>("SELECT node_id FROM settlement_status");
        await _nodes.EndAsync(holder);
        var other = holder == "n1" ? "n2" : "n1";
        await Eventually.TrueAsync(
            "the other node has taken over and halted",
            Patience,
            async () =>
                await HaltedAsync() is not null && await _venue.ScalarAsync<string>("SELECT node_id FROM settlement_status") == other
        );
        Assert.Equal(1L, await _venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement = 'matched'"));
        // What the new holder has not found yet is as it was: neither the halt nor the head begins with its term.
        Assert.Equal(since, await _venue.ScalarAsync<DateTime>("SELECT halted_since FROM settlement_status"));
        Assert.True(await _venue.ScalarAsync<long>("SELECT head_block FROM settlement_status") > 0);
        Assert.Equal(1L, await _venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement = 'final'"));

        // An operator who has investigated allows it, as the act of the Api writes it; no node is restarted.
        await _venue.ExecuteAsync("UPDATE settlement_status SET allowed_block = halted_block");
        await FinalAsync(2);
        foreach (var trade in new[] { 1L, 2L })
            Assert.Equal(1, await _venue.TimesSettledAsync(trade));
        await Eventually.TrueAsync("it is halted no more", Patience, async () => await HaltedAsync() is null);
        Assert.Equal(0L, await _venue.ScalarAsync<long>("SELECT count(*) FROM settlement_status WHERE halted_since IS NOT NULL"));
        const string Times = "SELECT bool_and(created_at <= broadcast_at AND broadcast_at <= mined_at) FROM settlement_batches";
        Assert.True(await _venue.ScalarAsync<bool>($"{Times} WHERE state = 'final'"));
        Assert.Equal(0L, await _venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE NOT closed"));
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task AnOperatorsHalt_HoldsOverAFailover_UntilItIsEnded()
    {
        const string Halted = "An operator has halted settlement";
        var (buyer, seller) = (await _venue.AddWalletAsync(usdc: 1_000), await _venue.AddWalletAsync(shares: 1_000));
        await _nodes.MineOnAsync();
        foreach (var node in new[] { "n1", "n2" })
            _nodes.Start(node);
        await _nodes.KnowAsync(buyer, seller);
        await _nodes.TradeAsync(buyer, seller);
        await FinalAsync(1);

        await _venue.ExecuteAsync(
            "INSERT INTO operator_holds (subject, subject_id, actor, key_name, note) VALUES ('settlement', 'all', 'Ada', 'ada', 'gas')"
        );
        var holder = await _venue.ScalarAsync<string>("SELECT node_id FROM settlement_status");
        await Eventually.TrueAsync("its holder has seen it", Patience, () => _nodes[holder].Everything.Contains(Halted));
        await _nodes.TradeAsync(buyer, seller);
        await _nodes.EndAsync(holder);
        var other = holder == "n1" ? "n2" : "n1";
        await Eventually.TrueAsync("the next holder has seen it", Patience, () => _nodes[other].Everything.Contains(Halted));
        await Eventually.TrueAsync(
            "the history shows it",
            Patience,
            () => _venue.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM operations_history WHERE 'settlement_halted' = ANY (problems))")
        );
        Assert.Equal(1L, await _venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement = 'matched'"));

        await _venue.ExecuteAsync("DELETE FROM operator_holds");
        await FinalAsync(2);
        Assert.Equal(2L, await _venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
    }

    [Fact]
    public async Task AnOperatorWithoutGasMoney_IsSaid_BeforeAndWhenItIsGone_AndAfterARefillEverythingSettles()
    {
        var (buyer, seller) = (await _venue.AddWalletAsync(usdc: 1_000), await _venue.AddWalletAsync(shares: 1_000));
        await SetOperatorBalanceAsync(Ether / 20);
        await _nodes.MineOnAsync();
        _nodes.Start("n1", ("Logging:LogLevel:Default", "Trace"));
        await _nodes.KnowAsync(buyer, seller);
        await SaidAsync("holds 0.05 ether for gas");
        await _nodes.TradeAsync(buyer, seller);
        await FinalAsync(1);
        const string LowSince =
            "SELECT balance_low_since FROM settlement_status WHERE low_balance_wei = 1e17 AND head_at > updated_at - interval '1 minute'";
        var since = await _venue.ScalarAsync<DateTime>(LowSince);

        await SetOperatorBalanceAsync(0);
        await _nodes.TradeAsync(buyer, seller);
        await SaidAsync("was rejected by the node");
        Assert.Equal("batched", await _venue.ScalarAsync<string>("SELECT settlement FROM trades ORDER BY trade_id DESC LIMIT 1"));
        Assert.Equal(since, await _venue.ScalarAsync<DateTime>(LowSince));
        await SetOperatorBalanceAsync(Ether);
        await FinalAsync(2);
        Assert.Equal(2L, await _venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
        const string IsWell =
            "SELECT signer_balance_wei > 9e17 AND balance_low_since IS NULL AND last_error_at < updated_at - interval '1.5 seconds' "
            + "FROM settlement_status";
        await Eventually.TrueAsync("the refill is seen", Patience, () => _venue.ScalarAsync<bool>(IsWell));

        // No log level may reveal the key in any form, so the test reads the most verbose one.
        Assert.DoesNotContain(Venue.DevelopmentKey[2..], _nodes["n1"].Everything, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Batch 2 sent: 1 trades", _nodes["n1"].Everything);
    }

    private Task FinalAsync(long trades) =>
        Eventually.TrueAsync(
            $"{trades} trades became final",
            Patience,
            async () => await _venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement = 'final' AND closed") == trades
        );

    private async Task<string?> HaltedAsync()
    {
        var halted = await _venue.ScalarAsync<string>("SELECT coalesce((SELECT halted FROM settlement_status), '')");
        return halted.Length > 0 ? halted : null;
    }

    private Task SaidAsync(string words) =>
        Eventually.TrueAsync(
            $"the status says '{words}'",
            Patience,
            async () => await _venue.ScalarAsync<long>("SELECT count(*) FROM settlement_status WHERE last_error LIKE $1", $"%{words}%") == 1
        );

    private async Task SetOperatorBalanceAsync(BigInteger wei) =>
        await fixture.RequestAsync("anvil_setBalance", _venue.Operator.Key.Address.ToLowerHex(), Hex.EncodeQuantity(wei));
}
