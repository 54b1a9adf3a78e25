using System.Text.Json;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;
using Foresight.Protocol;

namespace Foresight.Bench.Stack;

internal sealed record SignedOrder(OrderTerms Terms, string Hash, string Maker, string Signature)
{
    private const int PricePerTick = 100;
    private const string ZerosOfALot = "0000000000000000";

    public PlaceOrder Command() =>
        new()
        {
            RequestId = Guid.NewGuid(),
            Deadline = DateTimeOffset.UtcNow.AddMinutes(2),
            Hash = Hash,
            Maker = Maker,
            MarketId = Terms.Market.Id,
            Outcome = Terms.Outcome,
            IsBuy = Terms.IsBuy,
            PriceTicks = Terms.Price,
            Lots = Terms.Lots,
            Salt = Terms.Salt.ToString(),
            Signature = Signature,
            TimeInForce = Terms.IsImmediate ? 2 : 0,
        };

    public byte[] Body() =>
        JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                market = Terms.Market.Address.ToLowerHex(),
                order = new
                {
                    maker = Maker,
                    outcomeIndex = Terms.Outcome,
                    isBuy = Terms.IsBuy,
                    price = (Terms.Price * PricePerTick).ToString(),
                    amount = Terms.Lots + ZerosOfALot,
                    salt = Terms.Salt.ToString(),
                    expiry = "0",
                },
                signature = Signature,
                timeInForce = Terms.IsImmediate ? "IOC" : "GTC",
            }
        );
}

internal sealed record OrderTerms(DeployedMarket Market, int Outcome, bool IsBuy, int Price, long Lots, long Salt, bool IsImmediate = false)
{
    /// <param name="wallet">The contract wallet whose order it is; null: the key's own account's.</param>
    public SignedOrder Sign(PrivateKey key, long chainId, Address? wallet = null)
    {
        var maker = wallet ?? key.Address;
        var message = OrderMessage.OfUnits(maker, Outcome, IsBuy, Price, Lots, Salt, 0);
        var domain = TypedDataDomain.OfMarket(chainId, Market.Address);
        return new SignedOrder(
            this,
            OrderSigning.OrderHash(domain, message).ToString(),
            maker.ToLowerHex(),
            Hex.Encode(OrderSigning.Sign(domain, message, key))
        );
    }
}
