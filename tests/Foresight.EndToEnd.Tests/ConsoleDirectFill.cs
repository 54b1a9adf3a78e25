using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Foresight.Simulator.Traders;

namespace Foresight.EndToEnd.Tests;

public static class DirectFill
{
    private const long Gas = 800_000;
    private const long OrderLots = 300;
    private const long FilledLots = 200;

    private static readonly TimeSpan MiningDeadline = TimeSpan.FromSeconds(30);

    /// <param name="taker">Sells to the maker. Both must have approved the factory, which makes the transfers.</param>
    public static async Task<string> MakeAsync(EthereumClient chain, long chainId, TradedMarket market, Trader maker, Trader taker)
    {
        var message = OrderMessage.OfUnits(
            maker.Address,
            0,
            isBuy: true,
            55 * market.TickSize,
            OrderLots,
            maker.NextSalt(),
            EscapeMode.Expiry()
        );
        var signature = maker.Key.Sign(OrderSigning.OrderHash(TypedDataDomain.OfMarket(chainId, Address.Parse(market.Address)), message));
        var hash = await EscapeMode.FillAsync(
            chain,
            Address.Parse(market.Address),
            message,
            signature,
            FilledLots,
            data => SendAsync(chain, chainId, market, taker, data)
        );
        return hash.ToString();
    }

    private static async Task<Hash32> SendAsync(EthereumClient chain, long chainId, TradedMarket market, Trader taker, byte[] data)
    {
        var fees = await chain.SuggestFeesAsync(1_000_000_000);
        var transaction = new Eip1559Transaction
        {
            ChainId = chainId,
            Nonce = await chain.GetTransactionCountAsync(taker.Address, BlockRef.Pending),
            To = Address.Parse(market.Address),
            GasLimit = Gas,
            MaxFeePerGas = 2 * fees.MaxFeePerGas,
            MaxPriorityFeePerGas = fees.MaxPriorityFeePerGas,
            Data = data,
        }.Sign(taker.Key);
        await chain.SendTransactionAsync(transaction);
        var receipt = await Eventually.GetAsync(
            "the fill on chain",
            MiningDeadline,
            async () => (await chain.GetTransactionReceiptsAsync([transaction.Hash]))[0]
        );
        Assert.True(receipt.Succeeded);
        return transaction.Hash;
    }
}
