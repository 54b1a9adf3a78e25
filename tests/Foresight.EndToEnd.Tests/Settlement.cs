using System.Net;
using System.Net.Http.Json;
using System.Numerics;
using System.Text.Json;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Transactions;
using Foresight.Client;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.Simulator.Traders;

namespace Foresight.EndToEnd.Tests;

internal static class Settlement
{
    private const long Gwei = 1_000_000_000;

    public sealed record Answer(HttpStatusCode Status, string? Code, TimeSpan? RetryAfter, PlaceOrderResponse? Placed);

    /// <summary>Without the client's retries, so that a test sees the first answer.</summary>
    public static Task<Answer> SendOnceAsync(this StackFixture stack, Trader trader, OrderIntent intent) =>
        stack.SendOnceAsync(stack.Signer.Sign(trader, intent));

    public static async Task<Answer> SendOnceAsync(this StackFixture stack, SignedPlacement placement)
    {
        using var response = await stack.Http.PostAsJsonAsync(new Uri(new Uri(stack.ApiUrl(1)), "orders"), placement.Request);
        if (response.IsSuccessStatusCode)
            return new Answer(response.StatusCode, null, null, await response.Content.ReadFromJsonAsync<PlaceOrderResponse>());
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        return new Answer(response.StatusCode, problem.GetProperty("code").GetString(), response.Headers.RetryAfter?.Delta, null);
    }

    public static async Task<long> TradeAsync(
        this StackFixture stack,
        TradedMarket market,
        Trader buyer,
        Trader seller,
        Price price,
        long lots
    )
    {
        var bid = await stack.SendOnceAsync(buyer, new OrderIntent(market, 0, Side.Buy, price, new Quantity(lots)));
        Assert.Equal((HttpStatusCode.Created, null), (bid.Status, bid.Code));
        var sale = await stack.SendOnceAsync(seller, new OrderIntent(market, 0, Side.Sell, price, new Quantity(lots)));
        Assert.Equal((HttpStatusCode.Created, null), (sale.Status, sale.Code));
        return sale.Placed!.Fills.Single().TradeId;
    }

    /// <summary>The buyer takes the approval back between the trade's match and its block, and gives it again afterwards.</summary>
    public static async Task<(string Order, long Trade)> FailedTradeAsync(
        this StackFixture stack,
        TradedMarket market,
        Trader buyer,
        Trader seller,
        Price price
    )
    {
        var placed = new OrderIntent(market, 0, Side.Buy, price, new Quantity(200));
        string order;
        long trade;
        await stack.MineEveryAsync(0);
        try
        {
            order = (await stack.SendOnceAsync(buyer, placed)).Placed!.OrderId;
            trade = (await stack.SendOnceAsync(seller, placed with { Side = Side.Sell })).Placed!.Fills.Single().TradeId;
            await stack.TradeInStateAsync(trade, TradeStates.Broadcast);
            await ApproveAsync(0);
        }
        finally
        {
            await stack.MineEveryAsync(1);
        }

        await stack.TradeInStateAsync(trade, TradeStates.Failed);
        await ApproveAsync(Word.MaxUInt256);
        return (order, trade);

        Task ApproveAsync(BigInteger amount) =>
            stack.SendFirstAsync(buyer, stack.Venue.Usdc, UsdcContract.Approve(Address.Parse(stack.Venue.Factory), amount));
    }

    public static Task<TradeView> TradeInStateAsync(this StackFixture stack, long trade, string state) =>
        Eventually.GetAsync(
            $"trade {trade} to be {state}",
            Eventually.Patience,
            async () => await stack.TradeViewAsync(trade) is { } view && view.Settlement == state ? view : null
        );

    public static Task<TradeView?> TradeViewAsync(this StackFixture stack, long trade) =>
        stack.Api.GetAsync<TradeView>($"trades/{trade}", CancellationToken.None);

    /// <summary>Sends a transaction that is mined before waiting ones, because it pays a higher tip.</summary>
    public static async Task SendFirstAsync(this StackFixture stack, Trader from, string to, byte[] data) =>
        await stack.Chain.SendTransactionAsync(
            new Eip1559Transaction
            {
                ChainId = stack.Venue.ChainId,
                Nonce = await stack.Chain.GetTransactionCountAsync(from.Address, BlockRef.Pending),
                To = Address.Parse(to),
                GasLimit = 200_000,
                MaxFeePerGas = 500 * Gwei,
                MaxPriorityFeePerGas = 100 * Gwei,
                Data = data,
            }.Sign(from.Key)
        );

    public static Task MineEveryAsync(this StackFixture stack, int seconds) =>
        stack.Chain.RequestAsync(new RpcRequest("evm_setIntervalMining", seconds));
}
