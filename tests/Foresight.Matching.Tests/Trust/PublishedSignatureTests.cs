using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Trust;

/// <summary>
/// A fill publishes the signature of the whole order, so its rest, which the relayer cancelled and the chain has not, is what a stranger
/// would fill.
/// </summary>
[Trait("Category", "Trust")]
[Collection(ChainCollection.Name)]
public sealed class PublishedSignatureTests(ChainFixture fixture)
{
    private const int ImmediateOrCancel = 2;
    private const int Ticks = 5_000;
    private const int Lots = 1_000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TheCancelledRestOfASettledOrder_IsNotFilledByAStranger_WhoReadItsSignatureOnTheChain(bool isImmediateOrCancel)
    {
        await using var live = await LiveVenue.CreateAsync(fixture);
        var venue = live.Venue;
        var (maker, other, stranger) = (await live.AddWalletAsync(), await live.AddWalletAsync(), await live.AddWalletAsync());
        await live.ConfirmAsync();
        var (order, trade) = await FilledInPartAsync(live, maker, other, isImmediateOrCancel);
        Assert.Equal("cancelled", (await live.StateOfAsync(order)).Status);
        await venue.SettleAllAsync();
        Assert.Equal("final", (await venue.StateOfAsync(trade)).State);
        var published = await SettlingInputAsync(venue, trade);
        Assert.Contains(Hex.Encode(order.Signature)[2..], Hex.Encode(published), StringComparison.Ordinal);

        var before = await OwnedAsync(venue, maker);
        Assert.Equal(SettlementFailure.NotInEscape, await RefusalAsync(venue, stranger, order));
        Assert.False((await MinedAsync(live, stranger, order)).Succeeded);
        Assert.Equal(before, await OwnedAsync(venue, maker));
        await live.ConfirmAsync();
        Assert.Equal("cancelled", (await live.StateOfAsync(order)).Status);
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM direct_fills"));

        // Nothing but the guard stood between: after a silence of the settlement role the same call fills.
        await venue.FillPastTheRelayerAsync(stranger.Key, order.Message, order.Signature, Lots);
        Assert.NotEqual(before, await OwnedAsync(venue, maker));
    }

    private static async Task<(LiveOrder Order, long Trade)> FilledInPartAsync(
        LiveVenue live,
        Wallet maker,
        Wallet other,
        bool isImmediateOrCancel
    )
    {
        var signed = live.Sign(maker, isBuy: true, Ticks, 3 * Lots, expiry: EscapeMode.Expiry());
        if (isImmediateOrCancel)
        {
            await live.PlaceAsync(other, isBuy: false, Ticks, Lots);
            var killed = await live.PlaceAsync(signed, ImmediateOrCancel);
            return (killed, killed.TradeId);
        }

        var order = await live.PlaceAsync(signed);
        var trade = (await live.PlaceAsync(other, isBuy: false, Ticks, Lots)).TradeId;
        var domain = TypedDataDomain.OfMarket(live.Venue.Deployment.ChainId, live.Venue.MarketAddress);
        var cancel = Traders.CancelBySalt(maker.Account.ToLowerHex(), Venue.Market, order.Message.Salt.ToString()) with
        {
            Signature = Hex.Encode(OrderSigning.Sign(domain, new CancelSaltMessage(maker.Account, order.Message.Salt), maker.Key)),
        };
        Assert.Equal([order.Hash.ToString()], (await live.Node.Router.SendAsync(cancel)).Cancelled);
        return (order, trade);
    }

    private static async Task<byte[]> SettlingInputAsync(Venue venue, long trade)
    {
        var logs = await venue.Client.GetLogsAsync(
            new LogFilter
            {
                FromBlock = venue.Deployment.DeployedBlock,
                ToBlock = await venue.Client.BlockNumberAsync(),
                Addresses = [venue.MarketAddress],
                Topics =
                [
                    [MarketEvents.TradeSettled.Topic],
                ],
            }
        );
        var settled = logs.Single(log => MarketEvents.TryDecode(log) is MarketEvent.TradeSettled found && found.TradeId == trade);
        return (await venue.Client.GetTransactionAsync(settled.TransactionHash))!.Input;
    }

    private static byte[] Fill(LiveOrder order) =>
        MarketContract.FillOrderSigned(order.Message, order.Signature, Lots * OrderMessage.AmountPerLot);

    private static async Task<string?> RefusalAsync(Venue venue, Wallet stranger, LiveOrder order)
    {
        var call = new CallRequest(venue.MarketAddress, Fill(order), stranger.Account);
        var result = (await venue.Client.CallManyAsync([call], await venue.Client.BlockNumberAsync()))[0];
        return result.Revert is { } revert ? SettlementFailure.Decode(revert.RevertData).Code : null;
    }

    /// <summary>With a gas limit of its own, since an estimate would keep a call that fails from being sent.</summary>
    private async Task<TransactionReceipt> MinedAsync(LiveVenue live, Wallet stranger, LiveOrder order)
    {
        var client = live.Venue.Client;
        var hash = await client.SendTransactionAsync(
            new Eip1559Transaction
            {
                ChainId = live.Venue.Deployment.ChainId,
                Nonce = await client.GetTransactionCountAsync(stranger.Account, BlockRef.Pending),
                To = live.Venue.MarketAddress,
                GasLimit = 1_000_000,
                MaxFeePerGas = 500 * SettlementOptions.Gwei,
                MaxPriorityFeePerGas = 100 * SettlementOptions.Gwei,
                Data = Fill(order),
            }.Sign(stranger.Key)
        );
        await fixture.MineAsync();
        return (await client.GetTransactionReceiptsAsync([hash]))[0]!;
    }

    private static async Task<(BigInteger Usdc, BigInteger Shares)> OwnedAsync(Venue venue, Wallet wallet) =>
        (
            await new UsdcContract(venue.Client, venue.Deployment.Usdc).BalanceOfAsync(wallet.Account),
            await new OutcomeTokenContract(venue.Client, venue.Deployment.OutcomeToken).BalanceOfAsync(
                wallet.Account,
                OutcomeTokenContract.IdOf(venue.MarketAddress, 0)
            )
        );
}
