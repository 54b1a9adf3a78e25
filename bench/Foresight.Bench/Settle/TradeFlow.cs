using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Contracts;

namespace Foresight.Bench.Settle;

/// <summary>How the two orders of a trade meet.</summary>
internal enum MatchKind
{
    Direct = 0,
    Mint = 1,
    Merge = 2,
}

/// <summary>Signed orders in pairs that match each other at once, so that each pair is one trade and nothing rests.</summary>
internal sealed class TradeFlow(SettleStack stack)
{
    /// <summary>Pairs in one message to the leader.</summary>
    private const int PairsAtOnce = 50;

    private const int Price = 5_000;
    private const long Lots = 100;

    private long salt;

    /// <summary>Returns when this many trades of the kind are committed.</summary>
    public async Task MatchAsync(MatchKind kind, int trades, CancellationToken cancellation = default)
    {
        for (var done = 0; done < trades; done += PairsAtOnce)
        {
            var commands = Enumerable.Range(done, Math.Min(PairsAtOnce, trades - done)).SelectMany(i => Pair(kind, i)).ToList();
            foreach (var result in await stack.Router.SendAsync(commands, cancellation))
            {
                if (result.Status != DoorStatus.Accepted) throw new InvalidOperationException($"an order was answered {result.Status} {result.Code}");
            }
        }
    }

    private IEnumerable<DoorCommand> Pair(MatchKind kind, int number)
    {
        // One half of the traders is always on one side of the book, the other on the other, so that orders that overtake each other never meet their own.
        var market = stack.Deployment.Markets[number % stack.Deployment.Markets.Count];
        const int Half = SettleStack.Traders / 2;
        var (first, second) = (stack.Keys[number % Half], stack.Keys[Half + (number / Half % Half)]);
        yield return Place(first, market.Id, market.Address, outcome: 0, isBuy: kind == MatchKind.Mint);
        yield return Place(second, market.Id, market.Address, outcome: kind == MatchKind.Direct ? 0 : 1, isBuy: kind != MatchKind.Merge);
    }

    private DoorCommand Place(PrivateKey maker, int market, Address address, int outcome, bool isBuy)
    {
        var message = OrderMessage.OfUnits(maker.Address, outcome, isBuy, Price, Lots, ++salt, 0);
        var domain = TypedDataDomain.OfMarket(stack.Deployment.ChainId, address);
        var order = new DoorOrder(
            OrderSigning.OrderHash(domain, message).ToString(), maker.Address.ToLowerHex(), market, outcome, isBuy, Price, Lots, salt.ToString(), 0,
            Hex.Encode(OrderSigning.Sign(domain, message, maker)), 0, false, 0, null, null);
        return new DoorCommand(Guid.NewGuid(), DoorCommandKind.Place, DateTimeOffset.UtcNow.AddMinutes(2), order);
    }
}
