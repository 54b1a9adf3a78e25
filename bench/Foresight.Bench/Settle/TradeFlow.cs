using Foresight.Bench.Stack;
using Foresight.Protocol;

namespace Foresight.Bench.Settle;

internal enum MatchKind
{
    Direct = 0,
    Mint = 1,
    Merge = 2,
}

internal sealed class TradeFlow(TradingStack stack)
{
    private const int PairsAtOnce = 50;

    private const int Price = 5_000;
    private const long Lots = 100;

    private long _salt;

    public async Task MatchAsync(MatchKind kind, int trades, CancellationToken cancellationToken = default)
    {
        for (var done = 0; done < trades; done += PairsAtOnce)
        {
            var commands = Enumerable.Range(done, Math.Min(PairsAtOnce, trades - done)).SelectMany(i => Pair(kind, i)).ToList();
            foreach (var result in await stack.Router.SendAsync(commands, cancellationToken))
            {
                if (result.Status != ResultStatus.Accepted)
                    throw new InvalidOperationException($"an order was answered {result.Status} {result.Code}");
            }
        }
    }

    private IEnumerable<LeaderCommand> Pair(MatchKind kind, int number)
    {
        // Each trader is always on the same side of the book, so that orders that overtake each other never meet one of their own.
        var market = stack.Deployment.Markets[number % stack.Deployment.Markets.Count];
        var half = stack.Keys.Count / 2;
        var (first, second) = (stack.Keys[number % half], stack.Keys[half + (number / half % half)]);
        yield return Place(new OrderTerms(market, Outcome: 0, IsBuy: kind == MatchKind.Mint, Price, Lots, ++_salt), first);
        yield return Place(
            new OrderTerms(market, kind == MatchKind.Direct ? 0 : 1, IsBuy: kind != MatchKind.Merge, Price, Lots, ++_salt),
            second
        );
    }

    private LeaderCommand Place(OrderTerms terms, Chain.Signing.PrivateKey maker) => terms.Sign(maker, stack.Deployment.ChainId).Command();
}
