using Foresight.Api.Markets;
using Foresight.Api.Operations.Details;
using Foresight.Api.Orders;
using Foresight.Api.Reading;
using Foresight.Api.Tests.Problems;
using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations.Details;

[Collection(ApiStackCollection.Name)]
public sealed class DetailTests(ApiStack stack) : IAsyncLifetime
{
    private const string Usdc = "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string Shares = "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    // Bare bytecode. USDC: 5 for allowance, else 100. Shares: 1 for isApprovedForAll, else 3 * 10^16, which is 3 lots.
    private const string UsdcCode = "0x60003560e01c63dd62ed3e14601957606460005260206000f35b600560005260206000f3";
    private const string SharesCode = "0x60003560e01c63e985e9c514601f57666a94d74f43000060005260206000f35b600160005260206000f3";

    private readonly JournaledLife _life = new(stack, 8_610_000, "the details' tests");

    public Task InitializeAsync() => _life.InsertAsync();

    public Task DisposeAsync() => _life.DeleteAsync();

    [Fact]
    public async Task AnOrder_ShowsItsWholeLife_UpToTheBlocksOfItsTrades()
    {
        var detail = await stack.ReadAsync<OrderDetail>($"admin/orders/{_life.Bought}", asOperator: true);
        Assert.Equal((_life.Bought.ToString(), "cancelled", 6), (detail.Order.OrderId, detail.Order.Status, detail.Order.Fills.Count));
        Assert.Equal(("key-8610000", JournaledLife.TraceId, false), (detail.IdempotencyKey, detail.TraceId, detail.MoreTrades));
        Assert.Equal(
            [
                "sequenced 10:00:00",
                "committed -",
                "cancelled 10:00:09",
                "1 matched 10:00:01",
                "2 matched 10:00:02",
                "2 batched 10:02:00",
                "2 broadcast 10:02:01",
                "3 matched 10:00:03",
                "3 batched 10:02:00",
                "3 broadcast 10:02:01",
                "4 matched 10:00:04",
                "4 batched 10:02:00",
                "4 broadcast 10:02:01",
                "4 mined 10:03:00",
                "5 matched 10:00:05",
                "5 batched 10:02:00",
                "5 broadcast 10:02:01",
                "5 mined 10:02:05",
                "5 final 10:04:00",
                "6 matched 10:00:06",
                "6 batched 10:02:00",
                "6 broadcast 10:02:01",
                "6 mined 10:02:05",
                "6 failed 10:03:00",
            ],
            detail.Timeline.Select(stage =>
                $"{(stage.TradeId is { } id ? $"{id - _life.First} " : "")}{stage.Stage} {stage.At?.ToString("HH:mm:ss") ?? "-"}"
            )
        );
        var mined = detail.Timeline.Last(stage => stage.Stage == TradeStates.Mined);
        Assert.Equal(
            (8_610_001L, 8_610_000L, _life.Sent.ToString(), 77L),
            (mined.BatchId, mined.Nonce, mined.TransactionHash, mined.BlockNumber)
        );
        Assert.Equal($"insufficient_collateral:{_life.Buyer.ToLowerHex()}", detail.Timeline[^1].Reason);
    }

    [Fact]
    public async Task AnOrderThatWasNotSampled_HasNoTrace_AndNoSignatureIsEverShown()
    {
        var text = await stack.Admin.GetStringAsync($"admin/orders/{_life.Sold}");
        Assert.DoesNotContain("signature", text, StringComparison.OrdinalIgnoreCase);
        Assert.Null((await stack.ReadAsync<OrderDetail>($"admin/orders/{_life.Sold}", asOperator: true)).TraceId);
    }

    [Fact]
    public async Task ATrade_ShowsBothSides_ItsTransactions_AndWhatIsWrongAboutIt()
    {
        var detail = await stack.ReadAsync<TradeDetail>($"admin/trades/{_life.Trade(6)}", asOperator: true);
        Assert.Equal((_life.Trade(6), TradeStates.Failed), (detail.Trade.TradeId, detail.Trade.Settlement));
        Assert.Equal(
            [
                new TradeSideView(0, $"{_life.Bought}", $"{_life.Buyer}", 0, "buy", "0.5", "1", "taker", JournaledLife.TraceId),
                new TradeSideView(1, $"{_life.Sold}", $"{_life.Seller}", 0, "sell", "0.5", "1", "maker", null),
            ],
            detail.Sides
        );
        Assert.Equal(["matched", "batched", "broadcast", "mined", "failed"], detail.Timeline.Select(stage => stage.Stage));
        var batch = detail.Batch!;
        Assert.Equal(
            (8_610_001L, "mined", 2, 77L, 90_000L, "9"),
            (batch.Id, batch.State, batch.Transactions, batch.BlockNumber, batch.GasUsed, batch.MaxFeeWei)
        );
        Assert.Equal((8_610_000L, "replaced"), (Assert.Single(detail.OtherTransactions).Id, detail.OtherTransactions[0].State));
        Assert.Equal("status_mismatch:8610000", Assert.Single(detail.Discrepancies).Key);
        Assert.Equal(($"{_life.Buyer}", 20), (detail.StrikeAgainst, detail.Strike!.Points));
    }

    [Fact]
    public async Task ATradeThatWaits_HasNoTransaction()
    {
        var detail = await stack.ReadAsync<TradeDetail>($"admin/trades/{_life.Trade(1)}", asOperator: true);
        Assert.Null(detail.Batch);
        Assert.Null(detail.Strike);
        Assert.Empty(detail.OtherTransactions);
        Assert.Empty(detail.Discrepancies);
    }

    [Fact]
    public async Task ATransaction_ShowsItsTrades_AndWhatItReplaced()
    {
        var detail = await stack.ReadAsync<TransactionDetail>($"admin/transactions/{_life.Sent}", asOperator: true);
        Assert.Equal(Enumerable.Range(2, 5).Select(_life.Trade), detail.Trades.Select(trade => trade.TradeId));
        Assert.Equal(_life.Replaced.ToString(), Assert.Single(detail.OtherTransactions).TransactionHash);
        Assert.False(detail.MoreTrades);
        Assert.DoesNotContain(
            "raw",
            await stack.Admin.GetStringAsync($"admin/transactions/{_life.Sent}"),
            StringComparison.OrdinalIgnoreCase
        );
    }

    [Fact]
    public async Task AnAccount_ShowsWhatTheExchangeKnows_AndWhatTheChainHas()
    {
        await stack.ChainAsync("anvil_setCode", Usdc, UsdcCode);
        await stack.ChainAsync("anvil_setCode", Shares, SharesCode);
        await stack.ExecuteAsync($"UPDATE orders SET status = 1 WHERE order_id = {_life.First}");
        try
        {
            var detail = await stack.ReadAsync<AccountDetail>($"admin/accounts/{_life.Buyer}", asOperator: true);
            Assert.Equal((_life.Buyer.ToString(), 41L, false), (detail.Address, detail.ObservedBlock, detail.MoreBalances));
            Assert.Equal(
                [new BalanceView("USDC", "10", "2.5", "0.5", "7"), new BalanceView("1:0", "12.5", "0", "0", "12.5")],
                detail.Balances
            );
            Assert.Null(detail.OnChainUnavailable);
            Assert.Equal(
                [new ChainBalanceView("USDC", "0.0001", "0.000005"), new ChainBalanceView("1:0", "0.03", "0.03")],
                detail.OnChain!.Balances
            );
            Assert.Equal(_life.Bought.ToString(), Assert.Single(detail.OpenOrders).OrderId);
            Assert.Equal(Enumerable.Range(1, 6).Reverse().Select(_life.Trade), detail.Trades.Select(trade => trade.TradeId));
            Assert.Equal((20, _life.Trade(6)), (detail.Standing!.Strikes[0].Points, detail.Standing.Strikes[0].TradeId));
        }
        finally
        {
            await stack.ExecuteAsync($"UPDATE orders SET status = 3 WHERE order_id = {_life.First}");
            foreach (var contract in new[] { Usdc, Shares })
                await stack.ChainAsync("anvil_setCode", contract, "0x");
        }
    }

    [Fact]
    public async Task AnAccountWhoseChainCannotBeRead_HasNoBalancesThere_ButAReason()
    {
        var detail = await stack.ReadAsync<AccountDetail>($"admin/accounts/{_life.Seller}", asOperator: true);
        Assert.Null(detail.OnChain);
        Assert.Equal("the chain cannot be read", detail.OnChainUnavailable);
        Assert.Empty(detail.OpenOrders);
        Assert.Null(detail.Standing);
    }

    [Theory]
    [InlineData("admin/orders/0x12", 400, "malformed_request")]
    [InlineData("admin/orders/0x1212121212121212121212121212121212121212121212121212121212121212", 404, "not_found")]
    [InlineData("admin/trades/99999", 404, "not_found")]
    [InlineData("admin/trades/one", 404, "not_found")]
    [InlineData("admin/accounts/bob", 400, "malformed_request")]
    [InlineData("admin/accounts/0x3333333333333333333333333333333333333333", 404, "not_found")]
    [InlineData("admin/transactions/0x12", 400, "malformed_request")]
    [InlineData("admin/transactions/0x1212121212121212121212121212121212121212121212121212121212121212", 404, "not_found")]
    [InlineData("admin/settlement?state=final", 400, "malformed_request")]
    [InlineData("admin/settlement/batches?limit=0", 400, "malformed_request")]
    [InlineData("admin/settlement/batches?cursor=x", 400, "malformed_request")]
    [InlineData("admin/settlement/batches?state=matched", 400, "malformed_request")]
    [InlineData("admin/settlement/batches?state=", 400, "malformed_request")]
    [InlineData("admin/failed-commands?cursor=1-2", 400, "malformed_request")]
    [InlineData("admin/failed-commands?shard=16", 400, "malformed_request")]
    [InlineData("admin/failed-commands?market=0", 400, "malformed_request")]
    [InlineData("admin/history?range=2h", 400, "malformed_request")]
    [InlineData("admin/history?from=1", 400, "malformed_request")]
    public async Task WhatIsNotUnderstoodOrNotThere_IsRefusedWithItsCode(string path, int status, string code) =>
        await BadRequestTests.RefusalAsync(await stack.Admin.GetAsync(path), status, code);

    [Fact]
    public async Task EveryQuery_IsServedByIndexes()
    {
        var parameters = new
        {
            hash = _life.Bought.ToBytes(),
            orderId = _life.Trade(0),
            tradeId = _life.Trade(6),
            accountId = _life.First,
            batchId = _life.Trade(1),
            MaxDiscrepancies = 5,
            MaxOthers = 5,
            MaxReasons = 5,
            state = BatchStates.Failed,
            before = long.MaxValue,
            rows = 5,
            limit = 5,
            most = 5,
            offset = 0,
            states = BatchStates.All.ToArray(),
            first = 1L,
            second = 1L,
            places = new long[Shards.Maximum],
        };
        foreach (
            var sql in (string[])
                [
                    OrderDetailReader.OrderQuery,
                    OrderDetailReader.TradesQuery,
                    OrderReader.OpenQuery,
                    OrderReader.PastQuery,
                    TradeDetailReader.FateQuery,
                    TradeDetailReader.BatchQuery,
                    TradeDetailReader.SidesQuery,
                    TradeDetailReader.DiscrepanciesQuery,
                    TradeDetailReader.StrikeQuery,
                    AccountDetailReader.TradesQuery,
                    TransactionDetailReader.BatchQuery,
                    TransactionDetailReader.TradesQuery,
                    BatchRow.OthersQuery,
                    SettlementDetailReader.QueueQuery,
                    SettlementDetailReader.BatchesQuery,
                    SettlementDetailReader.BatchesOfStateQuery,
                    SettlementDetailReader.CountOfStateQuery,
                    SettlementDetailReader.SortedQuery(ListOrder.Of("-maxFeeWei"), isOfState: true),
                    SettlementDetailReader.FailuresQuery,
                    .. TradeSorts.All.Select(sort => TradeOrder.Of(sort).Query("true")),
                ]
        )
            await stack.AssertIndexedAsync(sql, parameters);
        var filter = new FailedCommandFilter("Place", 0, "book");
        var page = new FailedCommandPage(null, 5, 0, null);
        foreach (
            var sql in new[]
            {
                FailedCommandReader.PageQuery(filter),
                FailedCommandReader.CountQuery(filter),
                FailedCommandReader.SortedQuery(filter, ListOrder.Of("kind")),
            }
        )
            await stack.AssertIndexedAsync(sql, FailedCommandReader.ParametersOf(filter, page));
    }
}
