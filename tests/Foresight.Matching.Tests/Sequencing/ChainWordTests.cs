using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Sequencing;

[Collection(StoresCollection.Name)]
public sealed class ChainWordTests(StoresFixture stores)
{
    [Fact]
    public async Task AnOrderFilledDirectlyOnChain_IsOpenForTheRest_WhateverWasMatchedSince_AndAfterAHandOver()
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        var traders = new Traders(seed: 60);
        var ask = traders.Place(1, 1, 0, isBuy: false, price: 6_000, lots: 100);
        var hash = ask.Hash;
        await using (var node = await TestNode.StartAsync("n1", cluster))
        {
            await node.ActiveAsync();
            await node.Router.AcceptAsync(Traders.FundShares(1, 1, 0), Traders.Fund(2), ask);
            // We fill it between the reading of the chain and the command, so the fill must count exactly once.
            await node.Router.SendAsync([traders.Place(2, 1, 0, isBuy: true, price: 6_000, lots: 10), Traders.Reduce(1, 1, hash, 30)]);
            Assert.Equal((10, 30, 1), await OrderAsync(cluster, hash));
            Assert.Equal(ResultStatus.Accepted, (await node.Router.SendAsync(Traders.Reduce(1, 1, hash, 30))).Status);
            Assert.Equal((10, 30, 1), await OrderAsync(cluster, hash));
            Assert.Equal(60L, await cluster.ScalarAsync<long>("SELECT order_hold FROM balances WHERE account_id = 1 AND market_id = 1"));
        }

        await using var next = await TestNode.StartAsync("n2", cluster);
        await next.ActiveAsync();
        var taken = await next.Router.SendAsync(traders.Place(2, 1, 0, isBuy: true, price: 6_000, lots: 50, timeInForce: 2));
        Assert.Equal(50, taken.FilledLots);
        await next.Router.SendAsync(Traders.Reduce(1, 1, hash, 40));
        Assert.Equal((60, 40, 3), await OrderAsync(cluster, hash));
        Assert.Equal("filled_on_chain", await cluster.ScalarAsync<string>("SELECT reason FROM orders WHERE status = 3"));
        Assert.Equal(ProblemCodes.UnknownOrder, (await next.Router.SendAsync(Traders.Reduce(1, 1, hash, 100))).Code);
        await JournalChecks.AssertSoundAsync(cluster);
    }

    [Fact]
    public async Task ABustTrade_FreesBothSides_AndBothAreToldWhy()
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        var traders = new Traders(seed: 61);
        await using var node = await TestNode.StartAsync("n1", cluster);
        await node.ActiveAsync();
        var told = new System.Collections.Concurrent.ConcurrentQueue<OrderUpdate>();
        node.Broadcast.Subscribe<OrdersMessage>(
            Channels.Orders,
            message =>
            {
                foreach (var update in message.Updates)
                    told.Enqueue(update);
            }
        );
        await node.Router.AcceptAsync(
            Traders.FundShares(1, 1, 0),
            Traders.Fund(2),
            traders.Place(1, 1, 0, isBuy: false, price: 6_000, lots: 10)
        );
        var trade = (await node.Router.SendAsync(traders.Place(2, 1, 0, isBuy: true, price: 6_000, lots: 10))).Fills!.Single().TradeId;

        var reason = $"insufficient_shares:{Traders.Address(1)}";
        await node.Router.SendAsync(Traders.Bust(trade, block: 5, reason));
        await Eventually.TrueAsync(
            "both sides hear of the bust trade",
            Eventually.Patience,
            () => told.Count(update => update.Kind == "trade_bust") == 2
        );
        var bust = told.Where(update => update.Kind == "trade_bust").ToList();
        Assert.Equal(new[] { Traders.Address(1), Traders.Address(2) }.Order(), bust.Select(update => update.Owner).Order());
        Assert.All(bust, update => Assert.Equal((reason, trade, "failed"), (update.Reason, update.Fill!.TradeId, update.Fill.Settlement)));
        Assert.Equal(0L, await cluster.ScalarAsync<long>("SELECT sum(trade_hold)::bigint FROM balances"));
    }

    private static async Task<(long Filled, long Reduced, int Status)> OrderAsync(TestCluster cluster, string hash)
    {
        await using var command = cluster.Database.CreateCommand(
            $"SELECT filled_lots, reduced_lots, status FROM orders WHERE order_hash = decode('{hash[2..]}', 'hex')"
        );
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt16(2));
    }
}
