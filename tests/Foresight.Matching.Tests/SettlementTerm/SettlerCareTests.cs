using System.Numerics;
using Foresight.Chain;
using Foresight.Protocol;
using Foresight.Matching.Tests.Settlement;
using Foresight.Matching.Tests.Stores;
using Foresight.Cluster;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.SettlementTerm;

/// <summary>What settlement needs a person for, and that it goes on when it has got it. Real node processes.</summary>
[Collection(ChainCollection.Name)]
public sealed class SettlerCareTests(ChainFixture fixture, ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly BigInteger Ether = BigInteger.Pow(10, 18);

    private Venue venue = null!;
    private SettlerNodes nodes = null!;

    public async Task InitializeAsync()
    {
        venue = await Venue.CreateAsync(fixture);
        nodes = await SettlerNodes.CreateAsync(venue, _ => fixture.Rpc.ToString());
    }

    public async Task DisposeAsync()
    {
        foreach (var node in nodes.All) output.WriteLine($"{node.NodeId} said last:\n{node.Output}");
        await nodes.DisposeAsync();
        await SetOperatorBalanceAsync(1_000 * Ether);
        await venue.DisposeAsync();
    }

    [Fact]
    public async Task AReorganisationBeyondFinality_HaltsSettlementOnEveryNode_UntilAnOperatorAllowsIt()
    {
        var (buyer, seller) = (await venue.AddWalletAsync(usdc: 1_000), await venue.AddWalletAsync(shares: 1_000));
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var notices = nodes.Redis.Broadcast.Channel($"{typeof(NoticeHub).FullName}:group:{NoticeTopics.Cluster}");
        await nodes.Redis.Multiplexer.GetSubscriber().SubscribeAsync(notices, (_, message) =>
        {
            if (message.ToString().Contains("settlement_halted", StringComparison.Ordinal)) told.TrySetResult();
        });
        var before = await fixture.RequestAsync("evm_snapshot");
        await nodes.MineOnAsync();
        foreach (var node in new[] { "n1", "n2" }) nodes.Start(node, ("SETTLEMENT_FINALITY_BLOCKS", "5"));
        await nodes.KnowAsync(buyer, seller);
        await nodes.TradeAsync(buyer, seller);
        await FinalAsync(1);
        const string Depth = "SELECT c.block_number - t.block_number FROM chain_cursors c, trades t WHERE c.name = 'follower'";
        await Eventually.TrueAsync("the trade is deep", Patience, async () => await venue.ScalarAsync<long>(Depth) > 10);

        // Another chain from before the trade on, longer than the first.
        var head = await venue.Client.BlockNumberAsync();
        await nodes.BetweenBlocksAsync(async () =>
        {
            head = await venue.Client.BlockNumberAsync();
            await fixture.RequestAsync("evm_revert", before);
            await fixture.RequestAsync("anvil_dropAllTransactions");
            await fixture.RequestAsync("evm_increaseTime", 7);
            await fixture.MineAsync((int)(head - await venue.Client.BlockNumberAsync()) + 3);
        });
        await Eventually.TrueAsync("settlement says that it has halted", Patience, async () => await HaltedAsync() is not null);
        Assert.Contains("Settlement stops until somebody has looked", await HaltedAsync());
        await told.Task.WaitAsync(Patience);

        // Matching goes on, nothing is settled, and another node that takes the lease stops as well.
        await nodes.TradeAsync(buyer, seller);
        var holder = await venue.ScalarAsync<string>("SELECT node_id FROM settlement_status");
        await nodes.EndAsync(holder);
        var other = holder == "n1" ? "n2" : "n1";
        await Eventually.TrueAsync("the other node has taken over and halted", Patience, async () =>
            await HaltedAsync() is not null && await venue.ScalarAsync<string>("SELECT node_id FROM settlement_status") == other);
        Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement = 'matched'"));
        Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement = 'final'"));

        // The operator has looked, and lets it heal: nodes with a larger bound.
        await nodes.EndAsync(other);
        foreach (var node in new[] { "n1", "n2" }) nodes.Start(node, ("SETTLEMENT_FINALITY_BLOCKS", "1000"));
        await FinalAsync(2);
        foreach (var trade in new[] { 1L, 2L }) Assert.Equal(1, await venue.TimesSettledAsync(trade));
        await Eventually.TrueAsync("it is halted no more", Patience, async () => await HaltedAsync() is null);
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE NOT closed"));
    }

    [Fact]
    public async Task AnOperatorWithoutGasMoney_IsSaid_BeforeAndWhenItIsGone_AndAfterARefillEverythingSettles()
    {
        var (buyer, seller) = (await venue.AddWalletAsync(usdc: 1_000), await venue.AddWalletAsync(shares: 1_000));
        await SetOperatorBalanceAsync(Ether / 20);
        await nodes.MineOnAsync();
        nodes.Start("n1", ("Logging:LogLevel:Default", "Trace"));
        await nodes.KnowAsync(buyer, seller);
        await SaidAsync("holds 0.05 ether for gas");
        await nodes.TradeAsync(buyer, seller);
        await FinalAsync(1);

        await SetOperatorBalanceAsync(0);
        await nodes.TradeAsync(buyer, seller);
        await SaidAsync("The node refuses batch");
        Assert.Equal("batched", await venue.ScalarAsync<string>("SELECT settlement FROM trades ORDER BY trade_id DESC LIMIT 1"));
        await SetOperatorBalanceAsync(Ether);
        await FinalAsync(2);
        Assert.Equal(2L, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
        const string IsWell = "SELECT signer_balance_wei > 9e17 AND last_error_at < updated_at - interval '1.5 seconds' FROM settlement_status";
        await Eventually.TrueAsync("the refill is seen", Patience, () => venue.ScalarAsync<bool>(IsWell));

        // All that it said, with every log open, holds the key in no form.
        Assert.DoesNotContain(Venue.DevelopmentKey[2..], nodes["n1"].Everything, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Batch 2 with 1 trades was sent", nodes["n1"].Everything);
    }

    private Task FinalAsync(long trades) => Eventually.TrueAsync($"{trades} trades are final", Patience, async () =>
        await venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement = 'final' AND closed") == trades);

    private async Task<string?> HaltedAsync()
    {
        var halted = await venue.ScalarAsync<string>("SELECT coalesce((SELECT halted FROM settlement_status), '')");
        return halted.Length > 0 ? halted : null;
    }

    private Task SaidAsync(string words) => Eventually.TrueAsync($"the status says '{words}'", Patience, async () =>
        await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_status WHERE last_error LIKE $1", $"%{words}%") == 1);

    private async Task SetOperatorBalanceAsync(BigInteger wei)
        => await fixture.RequestAsync("anvil_setBalance", venue.Operator.Key.Address.ToLowerHex(), Hex.EncodeQuantity(wei));
}
